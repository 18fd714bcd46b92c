import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { lower } from '../../../src/engine/frontend/lower.ts';
import { imageKey, type LowerInput } from '../../../src/engine/frontend/lower-input.ts';
import { amd64, imageFixture, lastOp, lowerText, reasonsOf } from '../../support/lower-text.ts';

/** References that must be resolved to build the target, in the order they are asked for. */
function missing(
  text: string,
  options: {
    readonly target?: string;
    readonly buildArgs?: Record<string, string>;
    readonly images?: LowerInput['images'];
    readonly counted?: LowerInput['counted'];
  } = {},
) {
  const dockerfile = parseDockerfile(text, 'Dockerfile');
  assert.ok(dockerfile.ok);
  const lowered = lower({
    dockerfile: dockerfile.value,
    image: 'test',
    platform: amd64,
    buildPlatform: { os: 'linux', architecture: 'arm64' },
    buildArgs: {},
    images: new Map(),
    ...options,
  });
  assert.ok(lowered.ok);
  return (lowered.value.missing ?? []).map(imageKey);
}

const cases: [title: string, text: string, want: string[], options?: Parameters<typeof missing>[1]][] = [
  ['the base', 'FROM a:1', ['a:1 linux/amd64']],
  ['nothing for scratch', 'FROM scratch\nCOPY a /', []],
  ['only what the target needs', 'FROM a AS x\nFROM b AS y\nFROM c', ['c linux/amd64']],
  ['nothing for the files of scratch', 'FROM scratch\nCOPY --from=scratch / /x/', []],
  ['nothing for scratch by a variable', 'ARG S=scratch\nFROM scratch\nCOPY --from=$S / /x/', []],
  ['nothing for a mount of scratch', 'FROM scratch\nRUN --mount=from=scratch,target=/z x', []],
  ['nothing for a cache that starts as scratch', 'FROM scratch\nRUN --mount=type=cache,from=scratch,target=/z x', []],
  ['a name like scratch, which is an image', 'FROM scratch\nCOPY --from=scratch2 / /x/', ['scratch2 linux/amd64']],
  ['scratch with a tag, which is an image', 'FROM scratch\nCOPY --from=scratch:1 / /x/', ['scratch:1 linux/amd64']],
  ['what a needed stage copies from', 'FROM a AS x\nFROM scratch\nCOPY --from=x /f /', ['a linux/amd64']],
  ['images of --from', 'FROM scratch\nCOPY --from=z:9 /f /', ['z:9 linux/amd64']],
  ['images of mounts', 'FROM a\nRUN --mount=from=z,target=/z x', ['a linux/amd64']],
  ['another target', 'FROM a AS x\nFROM b', ['a linux/amd64'], { target: 'x' }],
  ['a stage by number', 'FROM a\nFROM scratch\nCOPY --from=0 /f /', ['a linux/amd64']],
  ['stage names in any case', 'FROM a AS Build\nFROM scratch\nCOPY --from=BUILD /f /', ['a linux/amd64']],
  ['a stage hides an image of its name', 'FROM a AS b\nFROM b', ['a linux/amd64']],
  ['a later stage of that name does not', 'FROM b\nRUN x\nFROM a AS b', ['b linux/amd64'], { target: '0' }],
  ['variables', 'ARG R=reg\nARG T=1\nFROM $R/a:${T}', ['reg/a:2 linux/amd64'], { buildArgs: { T: '2' } }],
  ['variables of --from', 'ARG R=reg\nFROM scratch\nCOPY --from=${R}/a:1 /f /', ['reg/a:1 linux/amd64']],
  ['the platform of FROM', 'FROM --platform=linux/arm/v7 a', ['a linux/arm/v7']],
  ['the platform of the machine', 'FROM --platform=$BUILDPLATFORM a', ['a linux/arm64']],
];

for (const [title, text, want, options] of cases) {
  test(`lower() asks for ${title}`, () => assert.deepEqual(missing(text, options), want));
}

test('a trigger of a base may need images that nobody knew of', () => {
  const images = new Map([['a linux/amd64', imageFixture('a', { OnBuild: ['COPY --from=tool:1 /t /t'] })]]);
  assert.deepEqual(missing('FROM a', { images }), ['tool:1 linux/amd64']);
});

test('a trigger that takes the files of scratch is counted by nobody, as no image may be another tomorrow', () => {
  const images = new Map([['a linux/amd64', imageFixture('a', { OnBuild: ['COPY --from=scratch / /t/'] })]]);
  assert.deepEqual(missing('FROM a', { images, counted: { args: [], images: [], triggers: [] } }), []);
});

test('the files of scratch are those of a stage that is built from it', () => {
  const [from, mount] = ['COPY --from=scratch / /x/', 'COPY --from=0 / /x/'].map((copy) =>
    lowerText(`FROM scratch\nFROM base\n${copy}`).ops.map(({ kind }) => kind),
  );
  assert.deepEqual(from, ['image', 'scratch', 'copy']);
  assert.deepEqual(from, mount);
});

test('two stages that begin alike have the vertices in common', () => {
  const lowered = lowerText('FROM base AS a\nRUN same\nRUN one\nFROM base\nRUN same\nCOPY --from=a / /');
  assert.deepEqual(
    lowered.ops.map((op) => (op.kind === 'exec' ? op.args.at(-1) : op.kind)),
    ['image', 'same', 'one', 'copy'],
  );
});

test('a variable of the lines above FROM in --from is told to be not portable', () => {
  assert.equal(lowerText('ARG S=a\nFROM base AS a\nFROM base\nCOPY --from=$S /f /').warnings.length, 1);
  assert.equal(lowerText('FROM base AS a\nFROM base\nCOPY --from=a /f /').warnings.length, 0);
});

const runs: [title: string, line: string, args: string[]][] = [
  ['shell form', 'RUN echo "$A" # b', ['/bin/sh', '-c', 'echo "$A" # b']],
  ['exec form', 'RUN ["a", "$A"]', ['a', '$A']],
  ['a heredoc is the script', 'RUN <<E\necho $A\nE', ['/bin/sh', '-c', 'echo $A\n']],
  ['a heredoc for a program is left to the shell', 'RUN cat <<E > f\n$A\nE', ['/bin/sh', '-c', 'cat <<E > f\n$A\nE']],
  [
    'a heredoc with an interpreter is a program, which the shell starts',
    'RUN <<E\n#!/usr/bin/env python3\nprint()\nE',
    ['/bin/sh', '-c', '/dev/pipes/E'],
  ],
];
for (const [title, line, args] of runs) {
  test(`RUN: ${title}`, () => assert.deepEqual(lastOp(lowerText(`FROM base\nENV A=1\n${line}\n`), 'exec').args, args));
}

const destinations: [title: string, line: string, want: string][] = [
  ['a path', 'COPY a /b', '/b'],
  ['a directory', 'COPY a /b/', '/b/'],
  ['relative to WORKDIR', 'COPY a b', '/w/b'],
  ['WORKDIR itself', 'COPY a .', '/w/'],
  ['a directory relative to WORKDIR', 'COPY a ./b/', '/w/b/'],
  ['the root', 'COPY a /', '/'],
  ['with variables', 'COPY a /$D/x', '/dir/x'],
];
for (const [title, line, want] of destinations) {
  test(`COPY destination: ${title}`, () => {
    assert.equal(lastOp(lowerText(`FROM base\nENV D=dir\nWORKDIR /w\n${line}\n`), 'copy').destination, want);
  });
}

test('a heredoc of COPY is expanded unless its name has quotes', () => {
  const copy = lastOp(lowerText('FROM base\nENV A=1\nCOPY <<one <<"two" /d/\n"$A" \\$A\none\n$A\ntwo\n'), 'copy');
  assert.deepEqual(copy.inline, [
    { name: 'one', content: '"1" $A\n' },
    { name: 'two', content: '$A\n' },
  ]);
});

const mounts: [title: string, flag: string, want: Record<string, unknown>][] = [
  [
    'a bind from the context',
    'type=bind,source=a,target=/t',
    { type: 'bind', input: 1, source: 'a', target: '/t', readonly: true },
  ],
  [
    'a cache, known by its target',
    'type=cache,target=c',
    {
      type: 'cache',
      id: '/w/c',
      target: '/w/c',
      sharing: 'shared',
      readonly: false,
      mode: 0o755,
      uid: 0,
      gid: 0,
      seed: undefined,
    },
  ],
  ['a tmpfs with a size', 'type=tmpfs,target=/t,size=64m', { type: 'tmpfs', target: '/t', size: 64 * 1024 * 1024 }],
  [
    'a secret',
    'type=secret,id=s',
    { type: 'secret', id: 's', target: '/run/secrets/s', env: undefined, required: false, mode: 0o400, uid: 0, gid: 0 },
  ],
  [
    'a secret has no special bits',
    'type=secret,id=s,target=/t,mode=07640',
    { type: 'secret', id: 's', target: '/t', env: undefined, required: false, mode: 0o640, uid: 0, gid: 0 },
  ],
  [
    'a secret as a variable',
    'type=secret,id=s,env=S',
    { type: 'secret', id: 's', target: undefined, env: 'S', required: false, mode: 0o400, uid: 0, gid: 0 },
  ],
  [
    'an agent',
    'type=ssh',
    { type: 'ssh', id: 'default', target: '/run/buildkit/ssh_agent.0', required: false, mode: 0o600, uid: 0, gid: 0 },
  ],
  [
    'an agent with all it may have',
    'type=ssh,id=$D,target=s,required,mode=07777,uid=1,gid=2',
    { type: 'ssh', id: 'dir', target: '/w/s', required: true, mode: 0o777, uid: 1, gid: 2 },
  ],
  ['variables', 'type=tmpfs,target=/$D', { type: 'tmpfs', target: '/dir', size: undefined }],
];
for (const [title, flag, want] of mounts) {
  test(`RUN --mount: ${title}`, () => {
    const run = lastOp(lowerText(`FROM base\nENV D=dir\nWORKDIR /w\nRUN --mount=${flag} x\n`), 'exec');
    assert.deepEqual(run.mounts, [want]);
  });
}

const variables: [title: string, lines: string, want: string | undefined][] = [
  ['the first of several', 'RUN --mount=type=ssh,id=a --mount=type=ssh,id=b,target=/s x', '/run/buildkit/ssh_agent.0'],
  ['where it was asked to be', 'RUN --mount=type=ssh,target=/s x', '/s'],
  ['what the stage says', 'ENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh x', '/mine'],
  ['nothing without one', 'RUN x', undefined],
];
for (const [title, lines, want] of variables) {
  test(`SSH_AUTH_SOCK is ${title}`, () => {
    const { env } = lastOp(lowerText(`FROM base\n${lines}\n`), 'exec');
    const found = env.filter((pair) => pair.startsWith('SSH_AUTH_SOCK='));
    assert.deepEqual(found, want === undefined ? [] : [`SSH_AUTH_SOCK=${want}`]);
  });
}

test('agents without a target have their numbers among agents', () => {
  const flags = ['--mount=type=ssh,target=/s', '--mount=type=tmpfs,target=/t', '--mount=type=ssh,id=b'];
  const { mounts } = lastOp(lowerText(`FROM base\nRUN ${flags.join(' ')} x\n`), 'exec');
  assert.deepEqual(
    mounts.map(({ target }) => target),
    ['/s', '/t', '/run/buildkit/ssh_agent.1'],
  );
});

const unneeded: [title: string, text: string, want: string[]][] = [
  ['takes files from itself', 'FROM scratch AS a\nCOPY --from=a / /x\nFROM scratch', ['stage-not-yet-defined']],
  [
    'takes files from itself by its number',
    'FROM scratch\nCOPY --from=0 / /x\nFROM scratch',
    ['stage-not-yet-defined'],
  ],
  ['mounts itself', 'FROM base AS a\nRUN --mount=from=a,target=/x true\nFROM scratch', ['stage-not-yet-defined']],
  [
    'takes files from one that takes files from it',
    'FROM scratch AS a\nCOPY --from=b / /x\nFROM scratch AS b\nCOPY --from=c / /x\nFROM scratch AS c\nCOPY --from=a / /x\nFROM scratch',
    ['stage-not-yet-defined', 'stage-not-yet-defined'],
  ],
  ['takes files from a later one, which is no circle', 'FROM scratch AS a\nCOPY --from=b / /x\nFROM scratch AS b', []],
  [
    'takes files from a number that no stage has',
    'FROM scratch\nCOPY --from=7 / /x\nFROM scratch',
    ['stage-not-before'],
  ],
  ['takes files from an image', 'FROM scratch\nCOPY --from=z / /x\nFROM scratch', []],
];
for (const [title, text, want] of unneeded) {
  test(`lower() of a stage that nothing needs, which ${title}`, () => {
    assert.deepEqual(
      reasonsOf(() => lowerText(text)),
      want,
    );
  });
}

test('lower() refuses FROM with the name of a stage in another case', () => {
  assert.deepEqual(
    reasonsOf(() => lowerText('FROM scratch AS Build\nFROM BUILD')),
    ['invalid-value'],
  );
});

test('lower() says that an image is for the platform that it is built for, whatever FROM --platform says', () => {
  const dockerfile = parseDockerfile('FROM --platform=linux/arm64 a', 'Dockerfile');
  assert.ok(dockerfile.ok);
  const platform = { os: 'linux', architecture: 'arm64' };
  const images = new Map([[imageKey({ reference: 'a', platform }), imageFixture('a')]]);
  const options = { image: 'test', platform: amd64, buildPlatform: amd64, buildArgs: {}, images };
  const lowered = lower({ ...options, dockerfile: dockerfile.value });
  assert.ok(lowered.ok && lowered.value.missing === undefined);
  assert.equal(lowered.value.config.architecture, 'amd64');
});
