/** Where SOURCE_DATE_EPOCH is looked up: what may name what has a time, told from the Dockerfile alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochSource } from '../../src/context/epoch-source.ts';
import type { NamedContexts } from '../../src/context/named-contexts.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import type { RemoteSource } from '../../src/dockerfile/remote-source.ts';

const machine = { os: 'linux', architecture: 'amd64' };
const arm = { os: 'linux', architecture: 'arm64' };
const contexts: NamedContexts = {
  'docker.io/library/when': { type: 'image', reference: 'scratch' },
  when: { type: 'image', reference: 'scratch' },
  far: { type: 'remote', source: { type: 'http', url: 'http://h/named' } },
};

function looked(text: string, buildArgs: Readonly<Record<string, string>> = {}, given: NamedContexts = {}) {
  const dockerfile = parseDockerfile(text, 'Dockerfile');
  assert.ok(dockerfile.ok, text);
  const found = epochSource({
    dockerfile: dockerfile.value,
    platforms: [machine, arm],
    buildPlatform: machine,
    buildArgs,
    targetStage: undefined,
    contexts: given,
  });
  if (!found.ok) return [found.failure[0].reason, found.failure[0].at?.line];
  return found.value.type === 'remote' ? addressOf(found.value.source) : found.value.type;
}

function addressOf(source: RemoteSource): string {
  return source.type === 'http' ? source.url : `${source.remote}#${source.ref}:${source.subdir}`;
}

const src = 'FROM scratch AS src\nADD http://h/a /\n';
const end = 'FROM scratch\n';
const given = { SOURCE_DATE_EPOCH: 'src' };

const rows: readonly (readonly [
  title: string,
  text: string,
  buildArgs: Readonly<Record<string, string>>,
  want: string | readonly unknown[],
])[] = [
  ['nothing', end, {}, 'settled'],
  ['seconds', end, { SOURCE_DATE_EPOCH: '5' }, 'settled'],
  ['none on purpose, whatever the default', `ARG SOURCE_DATE_EPOCH=src\n${src}`, { SOURCE_DATE_EPOCH: '' }, 'settled'],
  ['seconds, whatever the default', `ARG SOURCE_DATE_EPOCH=src\n${src}`, { SOURCE_DATE_EPOCH: '5' }, 'settled'],
  ['the context', end, { SOURCE_DATE_EPOCH: 'context' }, 'context'],
  ['the context by default', `ARG SOURCE_DATE_EPOCH=context\n${end}`, {}, 'context'],
  [
    'the context, and no stage of that name',
    `FROM scratch AS context\nADD http://h/a /\n`,
    { SOURCE_DATE_EPOCH: 'context' },
    'context',
  ],
  ['a stage', src + end, given, 'http://h/a'],
  ['the last stage', src, given, 'http://h/a'],
  ['a stage whatever its case', src + end, { SOURCE_DATE_EPOCH: 'SRC' }, 'http://h/a'],
  ['a stage by default', `ARG SOURCE_DATE_EPOCH=src\n${src}${end}`, {}, 'http://h/a'],
  [
    'a stage by a default with a variable',
    `ARG X=sr\nARG SOURCE_DATE_EPOCH=${'$'}{X}c\n${src}${end}`,
    {},
    'http://h/a',
  ],
  ['the argument and not the default', `ARG SOURCE_DATE_EPOCH=other\n${src}${end}`, given, 'http://h/a'],
  ['the first of two stages', `${src}FROM scratch AS src\nADD http://h/b /\n`, given, 'http://h/a'],
  ['a stage with ARGs', `FROM scratch AS src\nARG V=1\nADD http://h/$V /\n${end}`, given, 'http://h/1'],
  [
    'a stage with a given ARG',
    `FROM scratch AS src\nARG V=1\nADD http://h/$V /\n${end}`,
    { ...given, V: '2' },
    'http://h/2',
  ],
  ['a commit', `FROM scratch AS src\nADD https://h/a.git#v1:sub /\n${end}`, given, 'https://h/a.git#v1:sub'],
  ['a base by a variable', `ARG B=scratch\nFROM $B AS src\nADD http://h/a /\n${end}`, given, 'http://h/a'],
  ['an image as its base', `FROM busybox AS src\nADD http://h/a /\n${end}`, given, ['invalid-epoch', 1]],
  [
    'another stage as its base',
    `FROM scratch AS x\nFROM x AS src\nADD http://h/a /\n${end}`,
    given,
    ['invalid-epoch', 2],
  ],
  ['more than ARG and ADD', `FROM scratch AS src\nADD http://h/a /\nWORKDIR /w\n${end}`, given, ['invalid-epoch', 1]],
  ['COPY', `FROM scratch AS src\nCOPY a /\n${end}`, given, ['invalid-epoch', 1]],
  ['two ADDs', `${src}ADD http://h/b /\n${end}`, given, ['invalid-epoch', 1]],
  ['one ADD of two', `FROM scratch AS src\nADD http://h/a http://h/b /\n${end}`, given, ['invalid-epoch', 1]],
  ['an ADD of a document', `FROM scratch AS src\nADD <<a /b\nc\na\n${end}`, given, ['invalid-epoch', 1]],
  [
    'an address and a document',
    `FROM scratch AS src\nADD http://h/a <<a /b/\nc\na\n${end}`,
    given,
    ['invalid-epoch', 1],
  ],
  ['an ADD of a file', `FROM scratch AS src\nADD a /\n${end}`, given, ['invalid-epoch', 1]],
  ['an ADD of a file by a variable', `FROM scratch AS src\nARG V=a\nADD $V /\n${end}`, given, ['invalid-epoch', 1]],
  ['nothing in the stage', `FROM scratch AS src\n${end}`, given, ['invalid-epoch', 1]],
  ['no stage', end, given, ['invalid-source-date-epoch', undefined]],
  ['no stage by default', `FROM scratch AS x\n`.replace(/^/, 'ARG SOURCE_DATE_EPOCH=src\n'), {}, ['invalid-epoch', 1]],
  [
    'no stage, whatever the default',
    `ARG SOURCE_DATE_EPOCH=5\n${end}`,
    given,
    ['invalid-source-date-epoch', undefined],
  ],
  [
    'another stage for each platform',
    `ARG TARGETARCH\nARG SOURCE_DATE_EPOCH=${'$'}{TARGETARCH}\nFROM scratch AS amd64\nADD http://h/a /\nFROM scratch AS arm64\nADD http://h/b /\n`,
    {},
    ['invalid-epoch', undefined],
  ],
  [
    'another address for each platform',
    `FROM scratch AS src\nARG TARGETARCH\nADD http://h/$TARGETARCH /\n${end}`,
    given,
    ['invalid-epoch', undefined],
  ],
];
for (const [title, text, buildArgs, want] of rows) {
  test(`SOURCE_DATE_EPOCH names ${title}`, () => {
    assert.deepEqual(looked(text, buildArgs), want);
  });
}

test('a named context comes before a stage of its name; of an image there is no time', () => {
  assert.equal(
    looked(`${src}FROM scratch AS far\nADD http://h/b /\n`, { SOURCE_DATE_EPOCH: 'far' }, contexts),
    'http://h/named',
  );
  assert.equal(looked(end, { SOURCE_DATE_EPOCH: 'when' }, contexts), 'none');
  assert.deepEqual(looked(end, { SOURCE_DATE_EPOCH: 'no' }, contexts), ['invalid-source-date-epoch', undefined]);
});
