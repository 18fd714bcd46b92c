/** `--json`: exactly one document on standard output in every ending, with what went wrong, and the same exit status. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SourceSpan } from '../../src/result.ts';
import { complaintsIn } from '../support/complaints.ts';
import { type Files, Rig } from '../support/rig.ts';

const context = (name: string, dockerfile: string, info = '{:version "1.0.0"}'): Files => ({
  [`contexts/${name}/Dockerfile`]: `${dockerfile}\n`,
  [`contexts/${name}/info.edn`]: `${info}\n`,
});
const good = context('00-base', 'FROM scratch\nLABEL a=b');
const child = context('01-app', 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nLABEL c=d');
const silent = '127.0.0.1:1';

interface Row {
  readonly title: string;
  readonly files: Files;
  readonly words: string;
  /** Run before, without anybody looking. */
  readonly before?: string;
  readonly change?: Files;
  readonly status: number;
  readonly schema:
    | 'cip.plan/v1'
    | 'cip.report/v1'
    | 'cip.check/v1'
    | 'cip.graph/v1'
    | 'cip.cascade/v1'
    | 'cip.transfer/v1';
  /** `reason image place`, `-` for what is not there. */
  readonly failures: readonly string[];
}

const plan = 'cip.plan/v1';
const report = 'cip.report/v1';
const invalid = context('00-base', 'FRM scratch');
const broken = 'unknown-instruction - contexts/00-base/Dockerfile:1:1';
const gone = context('00-base', 'FROM scratch\nCOPY gone /');
const missing = 'copy-source-missing base contexts/00-base/Dockerfile:2:1';
const owner = {
  ...context('00-base', 'FROM scratch\nCOPY --chown=nobody info.edn /'),
  ...context('01-app', 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nLABEL c=d'),
};

const rows: readonly Row[] = [
  { title: 'plan', files: good, words: 'plan', status: 0, schema: plan, failures: [] },
  { title: 'build', files: good, words: 'build', status: 0, schema: report, failures: [] },
  { title: 'plan of an invalid project', files: invalid, words: 'plan', status: 4, schema: plan, failures: [broken] },
  {
    title: 'build of an invalid project',
    files: invalid,
    words: 'build',
    status: 4,
    schema: report,
    failures: [broken],
  },
  { title: 'build -n of one', files: invalid, words: 'build -n', status: 4, schema: plan, failures: [broken] },
  {
    title: 'no such image',
    files: good,
    words: 'build nope',
    status: 2,
    schema: report,
    failures: ['unknown-selector - -'],
  },
  {
    title: 'no project at all',
    files: {},
    words: 'publish --remote-registry=127.0.0.1:1/x',
    status: 4,
    schema: report,
    failures: ['missing-contexts - -'],
  },
  { title: 'plan of what is missing', files: gone, words: 'plan', status: 4, schema: plan, failures: [missing] },
  {
    title: 'build of what is missing',
    files: gone,
    words: 'build',
    status: 4,
    schema: report,
    failures: [missing.replace(' base ', ' - ')],
  },
  { title: 'build -k of it', files: gone, words: 'build -k', status: 1, schema: report, failures: [missing] },
  {
    title: 'a step that fails',
    files: owner,
    words: 'build',
    status: 1,
    schema: report,
    failures: ['unknown-owner base contexts/00-base/Dockerfile:2:1'],
  },
  {
    title: 'publish-locally where nothing listens',
    files: { ...good, ...child },
    words: `publish-locally --local-registry=${silent}`,
    status: 5,
    schema: report,
    failures: ['registry-unreachable - -'],
  },
  {
    title: 'plan publish where nothing listens',
    files: good,
    words: `plan publish --remote-registry=${silent}/x`,
    status: 5,
    schema: plan,
    failures: ['registry-unreachable - -'],
  },
  {
    title: 'mirror where nothing listens',
    files: good,
    words: `mirror --remote-registry=${silent}/x`,
    status: 5,
    schema: 'cip.transfer/v1',
    failures: ['registry-unreachable - -'],
  },
  { title: 'graph of a project', files: good, words: 'graph', status: 0, schema: 'cip.graph/v1', failures: [] },
  { title: 'cascade of one', files: good, words: 'cascade', status: 0, schema: 'cip.cascade/v1', failures: [] },
  {
    title: 'plan of a word that is nearly a command',
    files: good,
    words: 'plan publihs',
    status: 2,
    schema: plan,
    failures: ['unknown-selector - -'],
  },
  { title: 'graph', files: invalid, words: 'graph', status: 4, schema: 'cip.graph/v1', failures: [broken] },
  { title: 'cascade', files: invalid, words: 'cascade', status: 4, schema: 'cip.cascade/v1', failures: [broken] },
];

interface Document {
  readonly schema: string;
  readonly images?: readonly unknown[];
  readonly complete?: boolean;
  readonly failures: readonly {
    readonly reason: string;
    readonly message: string;
    readonly image?: string;
    readonly place?: string;
    readonly at?: SourceSpan;
  }[];
}

function told({ failures }: Document): readonly string[] {
  for (const { message, at, place } of failures) {
    assert.ok(message.length > 0);
    assert.equal(at && `${at.file}:${at.line}:${at.column}`, place);
  }
  return failures.map(({ reason, image = '-', place = '-' }) => `${reason} ${image} ${place}`);
}

for (const { title, files, words, status, schema, failures } of rows) {
  test(`--json: ${title}`, async () => {
    await using rig = await Rig.setup({ files });
    const ended = await rig.cip(...words.split(' '), '--json');
    assert.equal(ended.status, status, ended.stderr);
    const document = JSON.parse(ended.stdout) as Document;
    assert.deepEqual([document.schema, told(document)], [schema, failures]);
    if (schema === report) assert.equal(document.complete, failures.length === 0);
  });
}

test('--json: drift, with the status of a difference', async () => {
  await using rig = await Rig.setup({ files: good, registry: true });
  const publish = ['publish-locally', `--local-registry=${rig.registry}`, '--json'];
  assert.equal((await rig.cip(...publish)).status, 0);
  await rig.write(context('00-base', 'FROM scratch\nLABEL a=c'));
  const ended = await rig.cip(...publish);
  const document = JSON.parse(ended.stdout) as Document;
  assert.deepEqual([ended.status, document.schema, told(document)], [3, report, ['changed-without-bump - -']]);
});

for (const [signal, status] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  for (const words of ['publish-locally', 'plan publish-locally']) {
    test(`--json: ${signal} in ${words}`, async () => {
      await using rig = await Rig.setup({ files: good });
      let stop = () => {};
      // Never answers; asked for the first time, it has the signal sent.
      const server = createServer(() => stop());
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const ended = await rig.cip(...words.split(' '), `--local-registry=127.0.0.1:${port}`, '--json', {
        onStart: (child) => {
          stop = () => void child.kill(signal);
        },
      });
      server.closeAllConnections();
      server.close();
      const document = JSON.parse(ended.stdout) as Document;
      assert.deepEqual([ended.status, told(document)], [status, ['interrupted - -']], ended.stderr);
    });
  }
}

const module = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
/** Has a process send itself a signal when the program's first file is loaded, and the rest is not yet. */
const early = (signal: string) => {
  const hooks = `export function load(url, context, next) {
    if (url.endsWith('/cli/main.js')) process.kill(process.pid, '${signal}');
    return next(url, context);
  }`;
  return module(`import { register } from 'node:module'; register(${JSON.stringify(module(hooks))});`);
};
for (const [signal, status] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  for (const [words, schema] of [
    ['build', 'cip.report/v1'],
    ['check', 'cip.check/v1'],
    ['doctor', 'cip.doctor/v1'],
  ] as const) {
    test(`--json: ${signal} while ${words} is being loaded`, async () => {
      await using rig = await Rig.setup({ files: good });
      const ended = await rig.cip(words, '--json', { env: { NODE_OPTIONS: `--import=${early(signal)}` } });
      const document = JSON.parse(ended.stdout) as Document & { readonly problems?: Document['failures'] };
      const failures = (document.failures ?? document.problems ?? []).map(({ reason }) => reason);
      assert.deepEqual([ended.status, document.schema, failures], [status, schema, ['interrupted']], ended.stderr);
    });
  }
}

for (const words of ['graph --json', 'check', '--version', 'help build']) {
  test(`what is printed is lost where the disk is full: ${words}`, async () => {
    await using rig = await Rig.setup({ files: good });
    const through = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
    const { status, stderr } = await rig.cip(...words.split(' '), { through });
    assert.deepEqual({ status, told: complaintsIn(stderr) }, { status: 5, told: ['system-error'] }, stderr);
  });
}

test('--json: a command line that is wrong is told on standard error alone', async () => {
  await using rig = await Rig.setup({ files: good });
  const { stdout, status } = await rig.cip('build', '--json', '--bogus');
  assert.deepEqual([stdout, status], ['', 2]);
});
