/** `cip build-image`: one Dockerfile without a project, by the real program, as other tools read what it writes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Files, type Outcome, Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const options = needs('linux', 'user namespaces', 'skopeo');

/** What `skopeo inspect` says of an image, and its configuration. */
async function inspect(image: string, ...args: string[]) {
  const of = async (...more: string[]) =>
    JSON.parse((await exec('skopeo', ['inspect', ...args, ...more, image])).stdout);
  return { image: await of(), config: (await of('--config')).config };
}

function inStore(rig: Rig, name: string): string {
  return `oci:${join(rig.store, 'images')}:${name}`;
}

const files: Files = {
  Dockerfile: 'FROM scratch AS first\nARG WORD=one\nCOPY a /a\nLABEL word=$WORD\nFROM first\nCOPY . /all/\n',
  a: 'A\n',
  '.dockerignore': 'b\n',
  b: 'B\n',
  'elsewhere/My.Dockerfile': 'FROM scratch\nCOPY . /\n',
  'elsewhere/My.Dockerfile.dockerignore': '*\n!b\n',
  plain: 'FROM scratch\nENV PLAIN=yes\n',
  'lower/dockerfile': 'FROM scratch\nLABEL word=low\nCOPY x /\n',
  'lower/x': '',
  copying: 'FROM scratch\nCOPY a /a\n',
};

interface Case {
  readonly args: readonly string[];
  readonly input?: string;
  /** Of the configuration. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly layers: number;
}

const cases: Readonly<Record<string, Case>> = {
  'a directory': { args: ['.'], labels: { word: 'one' }, layers: 2 },
  'a dockerfile in lower case': { args: ['lower'], labels: { word: 'low' }, layers: 1 },
  'another stage, with an argument': {
    args: ['.', '--target', 'first', '--build-arg', 'WORD=two'],
    labels: { word: 'two' },
    layers: 1,
  },
  'a Dockerfile elsewhere, with its own ignore file': { args: ['.', '-f', 'elsewhere/My.Dockerfile'], layers: 1 },
  'a Dockerfile from standard input': { args: ['.', '-f', '-'], input: 'copying', layers: 1 },
  'a Dockerfile from standard input, without files': { args: ['-'], input: 'plain', layers: 0 },
};
for (const [title, { args, input, labels, layers }] of Object.entries(cases)) {
  test(`build-image builds ${title}, and the store has it`, options, async () => {
    await using rig = await Rig.setup({ files });
    const given = input === undefined ? {} : { input: String(files[input]) };
    const built = await rig.cip('build-image', ...args, '-t', 'group/it:1.0', given);
    assert.equal(built.status, 0, built.stderr);
    const { image, config } = await inspect(inStore(rig, 'docker.io/group/it:1.0'));
    assert.equal(built.stdout, `docker.io/group/it:1.0@${image.Digest}\n`);
    assert.equal(image.Layers.length, layers);
    assert.deepEqual(config.Labels, labels);
  });
}

test('build-image takes no project and leaves none', options, async () => {
  await using rig = await Rig.setup({ files: { 'd/Dockerfile': 'FROM scratch\nCOPY . /\n', 'd/x': '' } });
  assert.equal((await rig.cip('build-image', 'd')).status, 0);
  assert.deepEqual(await readdir(rig.project), ['d']);
});

test('build-image builds on what was built before, under any spelling of its name', options, async () => {
  await using rig = await Rig.setup({ files: { 'base/Dockerfile': 'FROM scratch\nENV BASE=yes\n' } });
  assert.equal((await rig.cip('build-image', 'base', '-t', 'base')).status, 0);
  for (const name of ['base', 'base:latest', 'library/base', 'docker.io/base', 'docker.io/library/base:latest']) {
    const built = await rig.cip('build-image', '-', '-t', 'app', { input: `FROM ${name}\n` });
    assert.equal(built.status, 0, built.stderr);
    const { config } = await inspect(inStore(rig, 'docker.io/library/app:latest'));
    assert.ok(config.Env.includes('BASE=yes'));
  }
});

test('build-image: a trigger of a base may copy what the Dockerfile does not name', options, async () => {
  await using rig = await Rig.setup({
    files: {
      'base/Dockerfile': 'FROM scratch\nONBUILD COPY . /app/\n',
      'app/Dockerfile': 'FROM base\n',
      'app/x': 'X\n',
    },
  });
  assert.equal((await rig.cip('build-image', 'base', '-t', 'base')).status, 0);
  const built = await rig.cip('build-image', 'app', '-t', 'app');
  assert.equal(built.status, 0, built.stderr);
  assert.equal((await inspect(inStore(rig, 'docker.io/library/app:latest'))).image.Layers.length, 1);
});

test('build-image through a link takes what the link leads to', options, async () => {
  await using rig = await Rig.setup({ files: { 'real/Dockerfile': 'FROM scratch\nCOPY . /x\n', 'real/f': 'F\n' } });
  await symlink('real', join(rig.project, 'link'));
  const [direct, linked] = [await rig.cip('build-image', 'real'), await rig.cip('build-image', 'link')];
  assert.equal(linked.status, 0, linked.stderr);
  assert.equal(linked.stdout, direct.stdout);
});

test('build-image writes a tar and a directory of the same image, which skopeo reads', options, async () => {
  await using rig = await Rig.setup({ files: { ...files, 'out/.keep': '' } });
  const outputs = ['-o', 'type=oci,dest=out/it.tar', '--output=type=oci,dest=layout,tar=false'];
  const built = await rig.cip('build-image', '.', '-t', 'it', ...outputs);
  assert.equal(built.status, 0, built.stderr);
  const [tar, directory] = [
    await inspect(`oci-archive:${join(rig.project, 'out/it.tar')}`),
    await inspect(`oci:${join(rig.project, 'layout')}`),
  ];
  assert.deepEqual(tar, directory);
  assert.equal(built.stdout, `docker.io/library/it:latest@${tar.image.Digest}\n`);
  await mkdir(join(rig.project, 'unpacked'));
  await exec('skopeo', ['copy', '-q', `oci:${join(rig.project, 'layout')}`, `dir:${join(rig.project, 'unpacked')}`]);
});

test('build-image leaves a directory that has something else in it', options, async () => {
  await using rig = await Rig.setup({ files: { ...files, 'taken/file': 'mine\n' } });
  const { status, stderr } = await rig.cip('build-image', '.', '-o', 'type=oci,dest=taken,tar=false');
  assert.deepEqual([status, complaintsIn(stderr)], [2, ['output-exists']]);
  assert.deepEqual(await readdir(join(rig.project, 'taken')), ['file']);
  assert.deepEqual(
    (await readdir(rig.project)).filter((name) => name.startsWith('.cip')),
    [],
  );
});

test('build-image pushes each of its names, for two platforms as one index', options, async () => {
  await using rig = await Rig.setup({ files, registry: true });
  const names = [`${rig.registry}/a/it:1`, `${rig.registry}/b/it:2`];
  const args = ['--platform', 'linux/amd64,linux/arm64', '--push', '--json', ...names.flatMap((name) => ['-t', name])];
  const built = await rig.cip('build-image', '.', ...args);
  assert.equal(built.status, 0, built.stderr);
  const { digest, pushed } = JSON.parse(built.stdout) as { digest: string; pushed: string[] };
  assert.deepEqual(pushed, names);
  for (const name of names) {
    const { stdout } = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
    const platforms = JSON.parse(stdout).manifests.map(
      (one: { platform: { architecture: string } }) => one.platform.architecture,
    );
    assert.deepEqual(platforms.sort(), ['amd64', 'arm64']);
    const again = await inspect(`docker://${name}@${digest}`.replace(/:\d@/, '@'), '--tls-verify=false');
    assert.equal(again.image.Layers.length, 2);
  }
});

const silent = '127.0.0.1:1';
const reachedBefore: Readonly<
  Record<
    string,
    {
      /** `HERE`: a registry that answers. */
      readonly args: readonly string[];
      readonly input?: string;
      readonly want: {
        readonly names: readonly string[];
        readonly pushed: readonly string[];
        readonly failures: readonly string[];
      };
    }
  >
> = {
  'a second registry that does not answer': {
    args: ['-t', 'HERE/a:1', '-t', 'HERE/b:1', '-t', `${silent}/c:1`, '--push'],
    want: {
      names: ['HERE/a:1', 'HERE/b:1', `${silent}/c:1`],
      pushed: ['HERE/a:1', 'HERE/b:1'],
      failures: ['registry-unreachable'],
    },
  },
  'a first registry that does not answer': {
    args: ['-t', `${silent}/c:1`, '-t', 'HERE/d:1', '--push'],
    want: { names: [`${silent}/c:1`, 'HERE/d:1'], pushed: [], failures: ['registry-unreachable'] },
  },
  'a file that cannot be written': {
    args: ['-t', 'HERE/e:1', '-o', 'type=oci,dest=/dev/full', '--push'],
    want: { names: ['HERE/e:1'], pushed: [], failures: ['output-unwritable'] },
  },
  'a base that is not there': {
    args: ['-t', 'HERE/f:1', '--push'],
    input: `FROM ${silent}/base\n`,
    want: { names: [], pushed: [], failures: ['registry-unreachable'] },
  },
};
test('build-image --json says what was reached before a failure', options, async (t) => {
  await using rig = await Rig.setup({ files, registry: true });
  const named = (text: string) => text.replace('HERE', rig.registry);
  for (const [title, { args, input, want }] of Object.entries(reachedBefore)) {
    await t.test(title, async () => {
      const given = { input: input ?? 'FROM scratch\nCOPY a /a\n' };
      const { stdout } = await rig.cip('build-image', '.', '-f', '-', '--json', ...args.map(named), given);
      const { names, pushed, failures } = JSON.parse(stdout) as Record<string, unknown[]>;
      assert.deepEqual(
        { names, pushed, failures: failures?.map((failure) => (failure as { reason: string }).reason) },
        { names: want.names.map(named), pushed: want.pushed.map(named), failures: want.failures },
      );
    });
  }
});

test('build-image: a secret is there for the step alone', { ...options, ...needs('busybox') }, async () => {
  const dockerfile = [
    'FROM scratch',
    'COPY --chmod=755 busybox /bin/sh',
    'RUN --mount=type=secret,id=word [ "$(cat /run/secrets/word)" = hidden ] && echo ok > /ok',
  ].join('\n');
  await using rig = await Rig.setup({
    files: { 'd/Dockerfile': dockerfile, 'd/busybox': await readFile('/bin/busybox'), word: 'hidden' },
  });
  const built = await rig.cip('build-image', 'd', '--secret', 'id=word,src=word');
  assert.equal(built.status, 0, built.stderr);
});

test('build-image names the full log of a step that failed', { ...options, ...needs('busybox') }, async () => {
  const dockerfile = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nRUN echo first word; exit 3\n';
  await using rig = await Rig.setup({
    files: { 'd/Dockerfile': dockerfile, 'd/busybox': await readFile('/bin/busybox') },
  });
  const failed = await rig.cip('build-image', 'd');
  assert.deepEqual([failed.status, complaintsIn(failed.stderr)], [1, ['run-failed d/Dockerfile:3:1']]);
  const logs = [...failed.stderr.matchAll(/full log: (.+)$/gm)].map(([, path]) => path!);
  assert.equal(logs.length, 1);
  assert.match(await readFile(logs[0]!, 'utf8'), /first word/);
  // Where no step ran there is none.
  const mistake = await rig.cip('build-image', 'd', '--target', 'gone');
  assert.doesNotMatch(mistake.stderr, /full log/);
});

const ends: Readonly<
  Record<string, { readonly args?: readonly string[]; readonly input: string; readonly want: string }>
> = {
  'an image that is kept': { input: 'FROM scratch\nCOPY a /a\n', want: 'image-finished' },
  'an image that is written': {
    input: 'FROM scratch\nCOPY a /a\n',
    args: ['-t', 'it', '-o', 'type=oci,dest=it.tar'],
    want: 'image-finished',
  },
  'an image for two platforms': {
    input: 'FROM scratch\nCOPY a /a\n',
    args: ['--platform', 'linux/amd64,linux/arm64'],
    want: 'image-finished',
  },
  'an image that fails': { input: 'FROM elsewhere\n', want: 'image-failed' },
  'an image that cannot be written': {
    input: 'FROM scratch\nCOPY a /a\n',
    args: ['-o', 'type=oci,dest=/dev/full'],
    want: 'image-failed',
  },
};
for (const [title, { args = [], input, want }] of Object.entries(ends)) {
  test(`build-image says once how it ends with ${title}, with the digest that it prints`, options, async () => {
    await using rig = await Rig.setup({ files });
    const given = { input, env: offline };
    const { stdout, stderr } = await rig.cip('build-image', '.', '-f', '-', ...args, '--progress', 'json', given);
    const events = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    const last = events.filter(({ type }) => /^image-/.test(type));
    assert.deepEqual(
      last.map(({ type, digest = '' }) => [type, digest]),
      [[want, stdout.trim().replace(/^.*@/, '')]],
    );
  });
}

/** Whatever an image is called: nobody is asked for it. */
const offline = { https_proxy: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1', no_proxy: '', NO_PROXY: '' };

const remarked: Readonly<
  Record<string, { readonly input: string; readonly args?: readonly string[]; readonly want: readonly string[] }>
> = {
  'nothing that is used': {
    input: 'ARG A\nFROM scratch\nONBUILD RUN --mount=type=secret,id=word true\n',
    args: ['--build-arg', 'A=1', '--secret', 'id=word,src=a'],
    want: [],
  },
  'an instruction below an empty line that continues another': {
    input: 'FROM scratch\nCMD a \\\n\nLABEL b=2\n',
    want: ['swallowed-instruction: remove the \\'],
  },
  'a build argument that nothing declares': {
    input: 'FROM scratch\nARG WHO\n',
    args: ['--build-arg', 'WHOM=x', '--build-arg', 'TARGETARCH=x', '--build-arg', 'HTTP_PROXY=x'],
    want: ['unused-build-argument: did you mean WHO?'],
  },
  'a secret that nothing mounts': {
    input: 'FROM scratch AS one\nRUN --mount=type=secret,id=npm_token true\nFROM scratch\n',
    args: ['--secret', 'id=npmtoken,src=a', '--secret', 'id=other,src=b'],
    want: ['unused-secret: did you mean --secret id=npm_token?', 'unused-secret: mount it'],
  },
  'a secret that a variable may mount': {
    input: 'FROM scratch AS one\nARG ID\nRUN --mount=type=secret,id=$ID true\nFROM scratch\n',
    args: ['--secret', 'id=other,src=b'],
    want: [],
  },
  'an image that is there and is called nearly like a stage': {
    input: 'FROM biuld AS build\nFROM scratch\nCOPY --from=biuld /a /a\n',
    want: ['image-like-stage: did you mean the stage build?'],
  },
};
test('build-image remarks on', { ...options, concurrency: 1 }, async (t) => {
  await using rig = await Rig.setup({ files });
  assert.equal((await rig.cip('build-image', '.', '-f', 'copying', '-t', 'biuld')).status, 0);
  for (const [title, { input, args = [], want }] of Object.entries(remarked)) {
    await t.test(title, async () => {
      const { status, stderr } = await rig.cip('build-image', '.', '-f', '-', ...args, { input, env: offline });
      assert.equal(status, 0, stderr);
      const remarks = [...stderr.matchAll(/^(?:warning|notice)\[([a-z-]+)\].*\n(?:.*\n)*? += fix: (.*)$/gm)];
      const told = remarks.map(([, reason, hint]) => `${reason}: ${hint}`);
      assert.deepEqual(
        told.map((one, index) => (one.startsWith(want[index] ?? '?') ? want[index] : one)),
        want,
      );
    });
  }
});

test(
  'build-image says what was given for nothing also where it only checks, and where a mistake ends it',
  options,
  async () => {
    await using rig = await Rig.setup({ files });
    const given = ['--build-arg', 'WHOM=x', '--secret', 'id=other,src=a', '--build-context', 'lib=.'];
    const want = ['unused-build-argument', 'unused-context', 'unused-secret'];
    const right = 'FROM scratch\nARG WHO\n';
    const wrong = 'FROM scratch AS build\nARG WHO\nFROM scratch\nCOPY gone /x\n';
    for (const [input, more, status] of [
      [right, [], 0],
      [right, ['--check'], 0],
      [wrong, [], 4],
      [wrong, ['--check'], 4],
    ] as const) {
      const told = await rig.cip('build-image', '.', '-f', '-', ...given, ...more, { input, env: offline });
      const reasons = [...told.stderr.matchAll(/^(?:warning|notice)\[([a-z-]+)\]/gm)].map(([, reason]) => reason!);
      assert.deepEqual([told.status, reasons.sort()], [status, want], `${input}${more}\n${told.stderr}`);
      if (status === 4) assert.deepEqual(complaintsIn(told.stderr), ['copy-source-missing <stdin>:4:1']);
    }
    const checked = await rig.cip('build-image', '.', '-f', '-', ...given, '--check', '--json', { input: right });
    const { warnings } = JSON.parse(checked.stdout) as { warnings: { reason: string }[] };
    assert.deepEqual(warnings.map(({ reason }) => reason).sort(), want);
  },
);

const refused: Readonly<
  Record<
    string,
    { readonly args: readonly string[]; readonly want: string[]; readonly status: number; readonly input?: string }
  >
> = {
  'no directory': { args: [], want: ['missing-directory'], status: 2 },
  'a directory that is not there': { args: ['gone'], want: ['missing-directory'], status: 2 },
  'a file': { args: ['a'], want: ['missing-directory'], status: 2 },
  'a directory without a Dockerfile': { args: ['elsewhere'], want: ['dockerfile-unreadable'], status: 4 },
  'a name with a digest': { args: ['.', '-t', `x@sha256:${'0'.repeat(64)}`], want: ['invalid-tag'], status: 2 },
  'a name that is none': { args: ['.', '-t', 'UPPER'], want: ['invalid-option-value'], status: 2 },
  'nothing to push to': { args: ['.', '--push'], want: ['nothing-to-push'], status: 2 },
  'a form of output that is not known': {
    args: ['.', '-o', 'type=ship,dest=x'],
    want: ['invalid-option-value'],
    status: 2,
  },
  'a registry without a name': { args: ['.', '-o', 'type=registry'], want: ['nothing-to-push'], status: 2 },
  'an output in a directory that is not there': {
    args: ['.', '-o', 'type=oci,dest=nodir/x.tar', '-o', 'type=oci,dest=plain/y.tar'],
    want: ['no-output-directory', 'no-output-directory'],
    status: 2,
  },
  'a stage that is not there': { args: ['.', '--target', 'thirst'], want: ['unknown-stage'], status: 2 },
  'an argument that is none': { args: ['.', '--build-arg', '=x'], want: ['invalid-build-argument'], status: 2 },
  'a file from nowhere': {
    args: ['-'],
    input: 'FROM scratch\nCOPY a b /x/\n',
    want: ['copy-source-missing <stdin>:2:1', 'copy-source-missing <stdin>:2:1'],
    status: 4,
  },
  'a slip in the name of a stage, in COPY': {
    args: ['.', '-f', '-'],
    input: 'FROM scratch AS build\nCOPY a /a\nFROM scratch\nCOPY --from=biuld /a /a\n',
    want: ['stage-misspelled <stdin>:4:13'],
    status: 4,
  },
  'a slip in the name of a stage, in FROM': {
    args: ['.', '-f', '-'],
    input: 'FROM scratch AS build\nCOPY a /a\nFROM biuld\n',
    want: ['stage-misspelled <stdin>:3:6'],
    status: 4,
  },
  'a slip in the name of a stage, in a mount': {
    args: ['.', '-f', '-', '--platform', 'linux/amd64,linux/arm64'],
    input: 'FROM scratch AS build\nCOPY a /a\nFROM scratch\nRUN --mount=from=biuld,target=/m true\n',
    want: ['stage-misspelled <stdin>:4:18'],
    status: 4,
  },
  'an image that nobody has, whose name is like no stage': {
    args: ['-'],
    input: 'FROM scratch AS build\nFROM elsewhere\n',
    want: ['registry-unreachable <stdin>:2:6'],
    status: 5,
  },
  'a build argument behind two dashes': {
    args: ['.', '--', '--build-arg', 'A=b'],
    want: ['arguments-after-dashes'],
    status: 2,
  },
};
for (const [title, { args, want, status, input }] of Object.entries(refused)) {
  test(`build-image refuses ${title}`, options, async () => {
    await using rig = await Rig.setup({ files });
    const given = input === undefined ? {} : { input };
    const outcome: Outcome = await rig.cip('build-image', ...args, { env: offline, ...given });
    assert.deepEqual([complaintsIn(outcome.stderr), outcome.status, outcome.stdout], [want, status, '']);
  });
}
