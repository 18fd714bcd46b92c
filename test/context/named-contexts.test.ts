import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextName, namedContext, withReplacedStages } from '../../src/context/named-contexts.ts';
import { usedContexts } from '../../src/context/used-contexts.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { parsePlatform } from '../../src/oci/platform.ts';

const platform = (text: string) => {
  const parsed = parsePlatform(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

const names: readonly (readonly [typed: string, name: string | undefined])[] = [
  ['lib', 'lib'],
  ['lib:latest', 'lib'],
  ['docker.io/library/lib', 'lib'],
  ['docker.io/library/lib:latest', 'lib'],
  ['index.docker.io/library/lib:1', 'lib:1'],
  ['debian:12', 'debian:12'],
  ['r.example.com/a/b:latest', 'r.example.com/a/b'],
  ['localhost:5000/x', 'localhost:5000/x'],
  ['0', '0'],
  ['lib::linux/amd64', 'lib::linux/amd64'],
  ['lib:latest::linux/aarch64', 'lib::linux/arm64'],
  ['lib::arm64/v8', undefined],
  ['lib::linux/arm64/v8', 'lib::linux/arm64'],
  ['lib::linux/arm/v7', 'lib::linux/arm/v7'],
  ['', undefined],
  ['Lib', undefined],
  ['lib::', undefined],
  ['::linux/amd64', undefined],
  ['a::linux/amd64::linux/arm64', undefined],
  ['scratch', undefined],
  ['context', undefined],
  ['context:latest', undefined],
  ['scratch::linux/amd64', undefined],
];

for (const [typed, name] of names) {
  test(`the context ${typed || '(nothing)'} is ${name ?? 'none'}`, () => {
    const found = contextName(typed);
    assert.equal(found.ok ? found.value : undefined, name);
  });
}

test('a context for the platform comes before one for all', () => {
  const contexts = { lib: 'all', 'lib::linux/arm64': 'arm', 'debian:12': 'tagged', '0': 'number' };
  const meant = (name: string, on = 'linux/amd64') => namedContext(contexts, name, platform(on))?.context;
  assert.deepEqual(
    ['lib', 'lib:latest', 'docker.io/library/lib', 'lib:1', 'debian', 'debian:12', 'scratch', 'A b', 'constructor'].map(
      (name) => meant(name),
    ),
    ['all', 'all', 'all', undefined, undefined, 'tagged', undefined, undefined, undefined],
  );
  assert.deepEqual(
    [meant('lib', 'linux/arm64'), meant('lib', 'linux/arm64/v8'), meant('lib', 'linux/arm/v7')],
    ['arm', 'arm', 'all'],
  );
});

function dockerfileOf(text: string) {
  const parsed = parseDockerfile(text, 'Dockerfile');
  assert.ok(parsed.ok);
  return parsed.value;
}

test('of a stage that is replaced nothing is left but its name and its platform', () => {
  const text =
    'FROM debian AS lib\nRUN x\nFROM --platform=linux/arm64 debian AS Lib\nFROM lib AS other\nCOPY --from=lib / /\n';
  const { stages } = withReplacedStages(dockerfileOf(text), { lib: 1 }, () => platform('linux/amd64'));
  assert.deepEqual(
    stages.map(({ name, from, instructions, isReplaced = false }) => [
      name,
      from.image,
      from.platform,
      instructions.length,
      isReplaced,
    ]),
    [
      ['lib', 'lib', undefined, 0, true],
      ['lib', 'lib', 'linux/arm64', 0, true],
      ['other', 'lib', undefined, 1, false],
    ],
  );
});

test('what a Dockerfile names, by whatever means, is used', () => {
  const dockerfile = dockerfileOf(
    [
      'ARG V=12',
      'FROM debian:$V AS one',
      'ONBUILD COPY --from=triggered / /',
      'FROM alpine:latest AS Two',
      'RUN --mount=type=bind,from=mounted,target=/x x',
      'COPY --from=copied / /',
      '',
    ].join('\n'),
  );
  const all = [
    'debian:12',
    'debian',
    'one',
    'alpine',
    'two',
    'mounted',
    'triggered',
    'copied',
    'three',
    'copied::linux/arm64',
  ];
  const used = (buildArgs: Readonly<Record<string, string>>) => {
    const [amd64, buildPlatform] = [platform('linux/amd64'), platform('linux/amd64')];
    return [...usedContexts(all, { dockerfile, platforms: [amd64], buildPlatform, buildArgs }).used];
  };
  const always = ['one', 'alpine', 'two', 'mounted', 'triggered', 'copied', 'copied::linux/arm64'];
  assert.deepEqual(used({}), ['debian:12', ...always]);
  assert.deepEqual(used({ V: 'latest' }), ['debian', ...always]);
});
