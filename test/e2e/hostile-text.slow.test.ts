/**
 * Text that would steer a terminal, from every place that others write: what cip says is text, JSON stays JSON, no line is
 * forged, and no text is a bug of cip.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { type Files, type Outcome, Rig } from '../support/rig.ts';

/** Colours, a title, a C1 sequence, DEL, both kinds of bidirectional overrides, a backspace, a line that moves. */
const evil = 'a\u001b[38;5;201mb\u001b]0;owned\u0007c\u009b31md\u007fe\u202ef\u2066g\u0008h';
/** The same, and a line that looks like one of cip's own. */
const forging = `${evil}\nerror[forged]: i\r\n::error::j`;
const long = 'x'.repeat(10_240);
const info = '{:version "1.0.0"}\n';
const scratch = 'FROM scratch\n';

/** What may not reach a terminal, once the colours that cip uses itself are left out. */
const colours = /\x1b\[(?:[0-9]|2[2-9]|3[0-79]|9[0-7])m/g;
const unsafe = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

interface Case {
  readonly title: string;
  readonly files?: Files;
  /** `build` unless given. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What has to be there first. */
  readonly prepare?: (rig: Rig) => Promise<unknown>;
  /** 4 unless given. */
  readonly status?: number;
  /** The text is said, in a form that can be seen; true unless given. Excerpts of files are for people: JSON has none. */
  readonly said?: boolean | 'in an excerpt';
  readonly needs?: readonly string[];
}

const dockerfile = (text: string | Uint8Array, more: Files = {}): Files => ({
  'contexts/00-base/Dockerfile': text,
  'contexts/00-base/info.edn': info,
  ...more,
});
const edn = (text: string | Uint8Array): Files => ({ ...dockerfile(scratch), 'contexts/00-base/info.edn': text });
const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

const inDockerfiles: readonly Case[] = [
  { title: 'instruction', files: dockerfile(`FROM scratch\n${evil} x\n`) },
  { title: 'base', files: dockerfile(`FROM ${evil}\n`) },
  { title: 'name of a stage', files: dockerfile(`FROM scratch AS ${evil}\n`) },
  { title: 'source of COPY', files: dockerfile('FROM scratch\nCOPY miss\u0007ing\u202e /x\n') },
  { title: 'stage of COPY', files: dockerfile(`FROM scratch\nCOPY --from=${evil} /x /x\n`) },
  { title: 'flag', files: dockerfile(`FROM scratch\nCOPY --${evil}=1 x /x\n`) },
  { title: 'name of ENV', files: dockerfile(`FROM scratch\nENV =${evil}\n`), said: 'in an excerpt' },
  { title: 'variable', files: dockerfile(`FROM \${a:?${evil}}\n`) },
  { title: 'label and value', files: dockerfile(`FROM scratch\nLABEL "${evil}"="${evil}"\n`), status: 0, said: false },
  {
    title: 'working directory',
    files: dockerfile(`FROM scratch\nWORKDIR /${evil}\n`),
    args: ['build', '-vv'],
    status: 0,
  },
  { title: 'user', files: dockerfile(`FROM scratch\nCOPY --chown=${evil} Dockerfile /x\n`), status: 1 },
  { title: 'directive', files: dockerfile(`# escape=${evil}\nFROM scratch\n`) },
  { title: 'a long instruction', files: dockerfile(`FROM scratch\n${long} x\n`), said: false },
  { title: 'a long base', files: dockerfile(`FROM ${long}\n`), said: false },
  { title: 'invalid UTF-8', files: dockerfile(bytes('FROM scratch\nLABEL a=', 0xff, 0xfe, '\n')), said: false },
  { title: 'NUL in an instruction', files: dockerfile('FROM scratch\nFOO\0BAR x\n'), said: false },
  { title: 'NUL in a path', files: dockerfile('FROM scratch\nCOPY a\0b /x\n'), said: false },
  { title: 'NUL in a directory', files: dockerfile('FROM scratch\nWORKDIR /a\0b\n'), said: false },
  { title: 'NUL in a label', files: dockerfile('FROM scratch\nLABEL a="\0"\n'), said: false },
];

const inOtherFiles: readonly Case[] = [
  { title: 'version', files: edn(`{:version "${evil}"}\n`) },
  { title: 'key of info.edn', files: edn(`{:version "1.0.0" :${evil} 1}\n`), said: 'in an excerpt' },
  { title: 'rest of info.edn', files: edn(`{:version "1.0.0"} ${evil}\n`), said: 'in an excerpt' },
  { title: 'platform of info.edn', files: edn(`{:version "1.0.0" :platforms ["${evil}"]}\n`) },
  { title: 'a long version', files: edn(`{:version "${long}"}\n`), said: false },
  { title: 'invalid UTF-8 in info.edn', files: edn(bytes('{:version "', 0xff, '"}\n')), said: false },
  { title: 'NUL in info.edn', files: edn('{:version "1.0.0\0"}\n'), said: false },
  { title: 'name of a context', files: { [`contexts/00-${forging}/Dockerfile`]: scratch } },
  {
    title: 'name of a changed file',
    files: dockerfile('FROM scratch\nCOPY . /\n', { [`contexts/00-base/${forging}`]: '1' }),
    prepare: async (rig) => {
      assert.equal((await rig.cip('build', '--only-local-platform')).status, 0);
      await rig.write({ [`contexts/00-base/${forging}`]: '2' });
    },
    args: ['plan', 'build'],
    status: 0,
  },
  {
    title: 'name of a file that is no UTF-8',
    files: dockerfile('FROM scratch\nCOPY . /\n', { 'contexts/00-base/file': '1' }),
    prepare: (rig) =>
      rename(join(rig.project, 'contexts/00-base/file'), bytes(join(rig.project, 'contexts/00-base/f'), 0xff, 0x1b)),
    status: 5,
    said: false,
  },
  {
    title: 'pattern',
    files: dockerfile('FROM scratch\nCOPY . /\n', { 'contexts/00-base/.dockerignore': '[\u202e\u0007\n' }),
  },
];

const onCommandLine: readonly Case[] = [
  { title: 'option', args: [`--${forging}`], status: 2 },
  { title: 'command', args: [forging], status: 2 },
  { title: 'selector', files: dockerfile(scratch), args: ['build', forging], status: 2 },
  { title: 'directory', args: ['check', '-C', forging], status: 4 },
  { title: 'platform', files: dockerfile(scratch), args: ['build', `--platform=${forging}`], status: 2 },
  {
    title: 'build argument',
    files: dockerfile(scratch),
    args: ['build', '--', '--build-arg', `${forging}=1`],
    status: 2,
    said: true,
  },
  { title: 'registry', files: dockerfile(scratch), args: ['build', `--local-registry=${forging}`], status: 2 },
  { title: 'environment', files: dockerfile(scratch), args: ['build'], env: { CIP_ISOLATION: forging }, status: 2 },
];

for (const {
  title,
  files = {},
  args = ['build'],
  env = {},
  prepare,
  status = 4,
  said = true,
  needs: components = [],
} of [...inDockerfiles, ...inOtherFiles, ...onCommandLine]) {
  test(`hostile text: ${title}`, needs(...components), async () => {
    await using rig = await Rig.setup({ files });
    await prepare?.(rig);
    const local = args[0] === 'build' || args[0] === 'plan' ? ['--only-local-platform'] : [];
    const split = args.indexOf('--') < 0 ? args.length : args.indexOf('--');
    const run = (...more: string[]) =>
      rig.cip(...args.slice(0, split), ...local, ...more, ...args.slice(split), { env });
    const plain = await run('--color=always', ...(args[0] === 'build' ? ['--progress=plain'] : []));
    harmless(plain, said !== false);
    assert.equal(plain.status, status, plain.stderr);
    // What is said in neither form is looked at in one.
    if (!said || !/^(build|plan|check)$/.test(args[0]!)) return;
    const json = await run('--json', ...(args[0] === 'build' ? ['--progress=json', '--no-cache'] : []));
    harmless(json, said === true);
    assert.equal(json.status, status);
    if (json.stdout !== '') JSON.parse(json.stdout);
  });
}

describe('hostile text of a registry', () => {
  for (const [title, code, type, body] of [
    ['message of an error', 403, 'application/json', JSON.stringify({ errors: [{ code: forging, message: forging }] })],
    ['page', 500, 'text/html', `<html>${forging}</html>`],
    [
      'manifest',
      200,
      'application/vnd.oci.image.manifest.v1+json',
      `{"schemaVersion": 2, "mediaType": ${JSON.stringify(forging)}}`,
    ],
    ['type of a manifest', 200, `text/${'y'.repeat(5000)}`, forging],
    ['long message', 403, 'application/json', JSON.stringify({ errors: [{ code: long, message: long }] })],
  ] as const) {
    test(title, async () => {
      const server = createServer((_request, response) => {
        response.writeHead(code, { 'content-type': type, 'retry-after': '0' }).end(body);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      try {
        await using rig = await Rig.setup({ files: dockerfile(`FROM 127.0.0.1:${port}/a:1.0.0\n`) });
        for (const form of [
          ['--color=always', '--progress=plain'],
          ['--json', '--progress=json'],
        ]) {
          const outcome = await rig.cip('build', '--only-local-platform', ...form);
          harmless(outcome, false);
          assert.ok([1, 5].includes(outcome.status!), `${outcome.status} ${outcome.stderr}`);
          if (outcome.stdout !== '') JSON.parse(outcome.stdout);
        }
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  }
});

describe('hostile text of a step', needs('linux', 'root', 'busybox', 'user namespaces', 'script'), () => {
  for (const status of [0, 1]) {
    test(`that ends with ${status}: plain, JSON, and on a terminal`, async () => {
      await using rig = await Rig.setup({
        files: dockerfile(
          'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nCOPY text /text\nRUN while read -r line; do echo "$line"; done < /text; exit ' +
            status +
            '\n',
          {
            'contexts/00-base/busybox': await readFile('/bin/busybox'),
            'contexts/00-base/text': `${forging}\n${long}\n`,
          },
        ),
      });
      const build = ['build', '--only-local-platform', '--no-cache'];
      for (const form of [
        ['--color=always', '--progress=plain', '-vv'],
        ['--progress=json', '--json'],
      ]) {
        const outcome = await rig.cip(...build, ...form);
        harmless(outcome, true);
        assert.equal(outcome.status, status, outcome.stderr);
      }
      const terminal = ['sh', '-c', 'exec script -qec "$(printf " %s" "$@")" /dev/null', 'sh'];
      const outcome = await rig.cip(...build, '--progress=tty', { through: terminal, env: { TERM: 'xterm' } });
      // Lines that move need sequences of their own; not those.
      const text = outcome.stdout + outcome.stderr;
      for (const part of ['\u001b[38;5;201m', '\u001b]0;', '\u009b', '\u202e', '\u2066', '\u0008', '\u0007']) {
        assert.ok(!text.includes(part), JSON.stringify(part));
      }
      assert.equal(outcome.status, status, text);
    });
  }
});

/** `said`: a visible form of the text is among it. */
function harmless({ stdout, stderr, status }: Outcome, said: boolean): void {
  assert.notEqual(status, 70, stderr);
  for (const text of [stdout, stderr]) {
    assert.doesNotMatch(text, /\u001b\[38;5;201m/);
    const plain = text.replace(colours, '');
    const found = unsafe.exec(plain);
    assert.equal(found, null, `${JSON.stringify(found?.[0])} in ${JSON.stringify(text)}`);
    assert.doesNotMatch(plain, /^(error\[forged|::)/m);
  }
  if (said) assert.match(stdout + stderr, /\\u202e/);
}
