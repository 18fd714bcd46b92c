import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { commands } from '../../src/cli/commands.ts';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { bin } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const project = {
  'contexts/00-base/Dockerfile': 'FROM scratch\n',
  'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
  'contexts/01-web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\n',
  'contexts/01-web/info.edn': '{:version "2.0.0"}\n',
};

test('help goes to stdout, names every command, and is no failure', async () => {
  await using rig = await Rig.setup();
  for (const args of [['help'], ['--help'], ['-h'], ['-H']]) {
    const { stdout, stderr, status } = await rig.cip(...args);
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
    for (const { name } of commands) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
  }
});

test('the help of a command names its options, and beats every mistake', async () => {
  await using rig = await Rig.setup();
  const { stdout, stderr, status } = await rig.cip('publish', '--bogus', '--jobs', 'x', '-h');
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  for (const flag of ['--remote-registry=REGISTRY', '-C, --project-dir=DIR', '--default-platforms=LIST']) {
    assert.ok(stdout.includes(flag), flag);
  }
  assert.equal((await rig.cip('help', 'publish')).stdout, stdout);
});

test('no command: help and the mistake on stderr', async () => {
  await using rig = await Rig.setup();
  const { stdout, stderr, status } = await rig.cip();
  assert.deepEqual({ stdout, status }, { stdout: '', status: 2 });
  assert.match(stderr, /^ {2}publish /m);
  assert.match(stderr, /^error\[missing-command\]/m);
});

test('--version says which', async () => {
  await using rig = await Rig.setup();
  const { stdout, stderr, status } = await rig.cip('--version');
  assert.match(stdout, /^cip \d+\.\d+\.\d+\n$/);
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
});

const mistakes: [title: string, args: string[], reasons: string[]][] = [
  ['an unknown command', ['bild'], ['unknown-command']],
  ['several at once', ['publish', '--foo', '-j', 'x'], ['unknown-option', 'missing-option', 'invalid-option-value']],
  [
    'an unknown build argument',
    ['build', '--', '--squash', '--build-arg'],
    ['unknown-build-argument', 'invalid-build-argument'],
  ],
  ['an unknown image', ['graph', 'wbe', 'nothing'], ['unknown-selector', 'unknown-selector']],
  ['a secret that is not there', ['build', '--secret=id=a,src=gone'], ['secret-not-readable']],
  ['certificates that are not there', ['build', '--registry-ca=gone'], ['registry-ca-not-readable']],
  ['plan publish without a registry', ['plan', 'publish'], ['missing-option']],
  ['pull from a registry that is not named', ['pull', '--from=remote'], ['missing-option']],
];
for (const [title, args, reasons] of mistakes) {
  test(`usage: ${title}: cip ${args.join(' ')}`, async () => {
    await using rig = await Rig.setup({ files: project });
    const { stdout, stderr, status } = await rig.cip(...args);
    const found = [...stderr.matchAll(/^error\[(.+?)\]/gm)].map(([, reason]) => reason);
    assert.deepEqual({ stdout, status, found: found.sort() }, { stdout: '', status: 2, found: [...reasons].sort() });
  });
}

test('an invalid project: all problems, with places, exit 4, and nothing touched', async () => {
  await using rig = await Rig.setup({
    files: {
      ...project,
      'contexts/00-base/info.edn': '{:version true}\n',
      'contexts/02-app/info.edn': '{:version "1.0.0"\n',
      'contexts/02-app/Dockerfile': 'FRM scratch\n',
    },
  });
  for (const args of [['build'], ['check'], ['cascade'], ['graph'], ['plan']]) {
    const { stdout, stderr, status } = await rig.cip(...args);
    assert.deepEqual({ stdout, status }, { stdout: '', status: 4 }, args.join(' '));
    for (const file of ['contexts/00-base/info.edn', 'contexts/02-app/info.edn', 'contexts/02-app/Dockerfile']) {
      assert.match(stderr, new RegExp(` --> ${file}:\\d+:\\d+$`, 'm'));
    }
  }
});

test('paths in messages begin as the directory was typed', async () => {
  await using rig = await Rig.setup({
    files: {
      'sub/contexts/00-base/info.edn': '{:version true}\n',
      'sub/contexts/00-base/Dockerfile': 'FROM scratch\n',
    },
  });
  const { stderr } = await rig.cip('-C', './sub', 'check');
  assert.match(stderr, /^ *--> sub\/contexts\/00-base\/info\.edn:1:11$/m);
  assert.match(stderr, /^ 1 \| \{:version true\}$/m);
});

test('no project: exit 4, with what is missing', async () => {
  await using rig = await Rig.setup();
  const { stdout, stderr, status } = await rig.cip('build');
  assert.deepEqual({ stdout, status }, { stdout: '', status: 4 });
  assert.match(stderr, /^error\[missing-contexts\]/);
});

test('stale references: exit 3 of check and of cascade --check; cascade edits only versions, and once', async () => {
  const dockerfile = '# comment\r\nARG REGISTRY\r\nFROM  ${REGISTRY}/base:0.9.0   AS x\r\n';
  await using rig = await Rig.setup({ files: { ...project, 'contexts/01-web/Dockerfile': dockerfile } });
  assert.equal((await rig.cip('check')).status, 3);
  assert.equal((await rig.cip('cascade', '--check')).status, 3);
  assert.equal(await rig.read('contexts/01-web/Dockerfile'), dockerfile);

  assert.equal((await rig.cip('cascade-version-updates')).status, 0);
  assert.equal(await rig.read('contexts/01-web/Dockerfile'), dockerfile.replace('0.9.0', '1.0.0'));
  assert.equal(await rig.read('contexts/01-web/info.edn'), '{:version "2.0.1"}\n');

  assert.deepEqual(await rig.cip('cascade', '--check', '-q'), { stdout: '', stderr: '', status: 0 });
  assert.equal((await rig.cip('check')).status, 0);
});

test('graph: JSON on stdout and nothing on stderr', async () => {
  await using rig = await Rig.setup({ files: project });
  const { stdout, stderr, status } = await rig.cip('graph', '--json', '+web');
  const { schema, nodes, edges } = JSON.parse(stdout);
  assert.deepEqual(
    { schema, names: nodes.map(({ name }: { name: string }) => name), edges, stderr, status },
    {
      schema: 'cip.graph/v1',
      names: ['base', 'web'],
      edges: [
        {
          from: 'web',
          to: 'base',
          kind: 'from',
          reference: '${REGISTRY}/base:1.0.0',
          file: 'contexts/01-web/Dockerfile',
          line: 2,
        },
      ],
      stderr: '',
      status: 0,
    },
  );
});

test('a reader that goes away ends nothing loudly', async () => {
  const contexts = Array.from({ length: 200 }, (_, index) => `contexts/${index}-image-${index}`);
  const files = Object.fromEntries(
    contexts.flatMap((path) => [
      [`${path}/Dockerfile`, 'FROM scratch\n'],
      [`${path}/info.edn`, '{:version "1.0.0"}\n'],
    ]),
  );
  await using rig = await Rig.setup({ files });
  const { stderr, status } = await rig.cip('graph', '-q', { onStart: (child) => child.stdout?.destroy() });
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
});

test('colours: none in a pipe, some when forced, none with NO_COLOR', async () => {
  await using rig = await Rig.setup();
  const coloured = async (...args: Parameters<Rig['cip']>) => (await rig.cip(...args)).stderr.includes('\u001b[');
  assert.equal(await coloured('check'), false);
  assert.equal(await coloured('check', '--color=always'), true);
  assert.equal(await coloured('check', { env: { FORCE_COLOR: '1' } }), true);
  assert.equal(await coloured('check', { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }), false);
});

test('completion scripts are accepted by their shell', async () => {
  await using rig = await Rig.setup();
  const { stdout, status } = await rig.cip('completion', 'bash');
  assert.equal(status, 0);
  assert.match(stdout, /complete -o default -F _cip cip/);
});

test('registry serve: the address on stdout; a signal is its end, and no failure', async () => {
  await using rig = await Rig.setup();
  const { stdout, status } = await rig.cip('registry', 'serve', '--addr=127.0.0.1:0', '--storage=r', {
    onStart: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
  });
  assert.match(stdout, /^127\.0\.0\.1:\d+\n$/);
  assert.equal(status, 0);
});

test('registry serve: not for others without leave', async () => {
  await using rig = await Rig.setup();
  const { stdout, stderr, status } = await rig.cip('registry', 'serve', '--addr=0.0.0.0:0', '--storage=r');
  assert.deepEqual({ stdout, status }, { stdout: '', status: 5 });
  assert.match(stderr, /^error\[not-loopback\]/);
});

/** What needs no directory to work in, and what does. */
const inNoDirectory: readonly (readonly [args: readonly string[], status: number, reasons: readonly string[]])[] = [
  [['--help'], 0, []],
  [['help', 'build'], 0, []],
  [['--version'], 0, []],
  [['completion', 'bash'], 0, []],
  [['build-image', '/'], 5, ['no-working-directory']],
  [['graph'], 5, ['no-working-directory']],
  [['build', '--bogus'], 2, ['unknown-option']],
];
for (const [args, status, reasons] of inNoDirectory) {
  test(`${args.join(' ')} in a directory that was removed: ${reasons[0] ?? 'done'}`, needs('linux'), async () => {
    await using dir = await tempDir();
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    const run = await execa('sh', ['-ec', script, 'sh', process.execPath, bin, ...args], {
      cwd: dir.path,
      env: { CIP_STORE: `${dir.path}/store` },
      reject: false,
    });
    assert.deepEqual([run.exitCode, complaintsIn(run.stderr)], [status, reasons], run.stderr);
    if (status === 5) assert.ok(run.stderr.includes(`${dir.path}/gone`), run.stderr);
  });
}

test('--json in a directory that was removed is a document', needs('linux'), async () => {
  await using dir = await tempDir();
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
  const run = await execa('sh', ['-ec', script, 'sh', process.execPath, bin, 'graph', '--json'], {
    cwd: dir.path,
    reject: false,
  });
  assert.equal(run.exitCode, 5, run.stderr);
  assert.ok(run.stdout.includes('"no-working-directory"'), run.stdout);
});
