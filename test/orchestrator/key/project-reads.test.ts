/** What of contexts counts across images: triggers and environments of parents, platforms of stages. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ImageName } from '../../../src/project/image-name.ts';
import { amd64, arm64, type ImageSources, Workshop } from '../workshop.ts';

const workshop = await Workshop.open({});
after(() => workshop[Symbol.asyncDispose]());

type Images = Readonly<Record<string, ImageSources>>;
interface Row {
  readonly base?: string;
  readonly middle?: string;
  readonly child: string;
  /** Of the child's context, unless it says `base/`. */
  readonly edit: string;
  readonly platform?: typeof amd64;
  readonly target?: string;
  readonly version?: string;
}

const files = { a: 'a', b: 'b', 'x-amd64': 'amd', 'x-arm64': 'arm', 'dir/f': 'f' };
const from = (image: string) => `ARG REGISTRY\nFROM \${REGISTRY}/${image}:1.0.0\n`;

function images({ base = 'FROM scratch\n', middle, child }: Row, edited?: string): Images {
  const sources = (name: string, dockerfile: string): ImageSources => ({
    dockerfile,
    files: Object.fromEntries(
      Object.entries(files).map(([path, text]) => {
        const isEdited = edited === (name === 'child' ? path : `${name}/${path}`);
        return [path, isEdited ? 'edited' : text];
      }),
    ),
  });
  return {
    base: sources('base', base),
    middle: sources('middle', middle ?? from('base')),
    child: sources('child', child),
  };
}

async function keyOf(row: Row, edited?: string): Promise<string> {
  await workshop.write(images(row, edited));
  const keys = await workshop.keys({ REGISTRY: 'localhost:5000' }, row.target);
  return keys.keyOf('child' as ImageName, row.platform ?? amd64);
}

const counts: Record<string, Row> = {
  'what the trigger of a parent copies': { base: 'FROM scratch\nONBUILD COPY a /\n', child: from('base'), edit: 'a' },
  'what the trigger of a parent mounts': {
    base: 'FROM scratch\nONBUILD RUN --mount=target=/m make\n',
    child: from('base'),
    edit: 'b',
  },
  'what a stage has that only the trigger of a parent names': {
    base: 'FROM scratch\nONBUILD COPY --from=build /a /\n',
    child: 'ARG REGISTRY\nFROM scratch AS build\nCOPY a /\nFROM ${REGISTRY}/base:1.0.0\n',
    edit: 'a',
  },
  'what a trigger copies by an argument of the child': {
    base: 'FROM scratch\nONBUILD ARG WHICH=b\nONBUILD COPY $WHICH /\n',
    child: from('base'),
    edit: 'b',
  },
  'what the environment of a parent names': {
    base: 'FROM scratch\nENV WHICH=b\n',
    child: `${from('base')}COPY $WHICH /\n`,
    edit: 'b',
  },
  'what the environment of a grandparent names': {
    base: 'FROM scratch\nENV WHICH=b\n',
    child: `${from('middle')}COPY $WHICH /\n`,
    edit: 'b',
  },
  'all, where an image from elsewhere may name it': { child: 'FROM debian\nCOPY dir$WHICH /\n', edit: 'a' },
  'all, where the base says that it has triggers': { child: 'FROM node:18-onbuild\n', edit: 'dir/f' },
  'all, where the environment of an older parent may name it': {
    base: 'FROM scratch\nENV WHICH=b\n',
    child: `ARG REGISTRY\nFROM \${REGISTRY}/base:0.9.0\nCOPY $WHICH /\n`,
    edit: 'dir/f',
  },
  'what the target copies': {
    child: 'FROM scratch AS one\nCOPY a /\nFROM scratch AS two\nCOPY b /\n',
    target: 'one',
    edit: 'a',
  },
  'what a parent copies for the platform': {
    base: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /\n',
    child: from('base'),
    edit: 'base/x-amd64',
  },
  'what a parent copies for the platform of a stage': {
    base: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /\n',
    child:
      'ARG REGISTRY\nFROM --platform=linux/arm64 ${REGISTRY}/base:1.0.0 AS other\nFROM scratch\nCOPY --from=other / /\n',
    edit: 'base/x-arm64',
  },
  'what a parent copies for the machine that builds, whichever it is': {
    base: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /\n',
    child:
      'ARG REGISTRY\nFROM --platform=$BUILDPLATFORM ${REGISTRY}/base:1.0.0 AS other\nFROM scratch\nCOPY --from=other / /\n',
    edit: 'base/x-arm64',
  },
  'what is copied for the machine that builds, whichever it is': {
    child: 'FROM scratch\nARG BUILDARCH\nCOPY x-$BUILDARCH /\n',
    edit: 'x-arm64',
  },
};
const countsNot: Record<string, Row> = {
  'what the trigger of a grandparent copies, which ran in the parent': {
    base: 'FROM scratch\nONBUILD COPY a /\n',
    child: from('middle'),
    edit: 'a',
  },
  'what no trigger copies': { base: 'FROM scratch\nONBUILD COPY a /\n', child: from('base'), edit: 'b' },
  'what the parent hides from its child': {
    base: 'FROM scratch\nENV WHICH=b\n',
    child: `${from('base')}ENV WHICH=a\nCOPY $WHICH /\n`,
    edit: 'b',
  },
  'what an argument of the parent names': {
    base: 'FROM scratch\nARG WHICH=b\n',
    child: `${from('base')}COPY dir$WHICH /\n`,
    edit: 'b',
  },
  'what only another target copies': {
    child: 'FROM scratch AS one\nCOPY a /\nFROM scratch AS two\nCOPY b /\n',
    target: 'one',
    edit: 'b',
  },
  'what a parent copies for another platform': {
    base: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /\n',
    child: from('base'),
    edit: 'base/x-arm64',
  },
  'anything, where the base is from elsewhere and nothing is copied': { child: 'FROM debian\nRUN make\n', edit: 'a' },
};
for (const [title, row] of Object.entries(counts)) {
  test(`a key counts ${title}`, async () => assert.notEqual(await keyOf(row, row.edit), await keyOf(row)));
}
for (const [title, row] of Object.entries(countsNot)) {
  test(`a key does not count ${title}`, async () => assert.equal(await keyOf(row, row.edit), await keyOf(row)));
}

test('a key of another platform counts what that copies', async () => {
  const row = { child: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /\n', edit: 'x-arm64', platform: arm64 };
  assert.notEqual(await keyOf(row, row.edit), await keyOf(row));
});

/** Two texts of a Dockerfile, and whether they are one to a key. */
const texts: [title: string, isOne: boolean, before: string, after: string][] = [
  ['a comment', true, 'RUN a\n', '# why\nRUN a\n'],
  ['a comment inside a continued line', true, 'RUN a \\\n  b\n', 'RUN a \\\n# why\n  b\n'],
  ['a comment inside a continued line, indented', true, 'RUN a \\\n  b\n', 'RUN a \\\n   # why\n  b\n'],
  ['a line of a heredoc that looks like a comment', false, 'RUN <<E\na\nE\n', 'RUN <<E\n# why\na\nE\n'],
  ['a line of a copied heredoc that looks like a comment', false, 'COPY <<E /f\na\nE\n', 'COPY <<E /f\n# why\na\nE\n'],
  ['a comment between heredocs', true, 'RUN <<E\na\nE\nRUN b\n', 'RUN <<E\na\nE\n# why\nRUN b\n'],
  ['a hash inside a line', false, 'RUN a\n', 'RUN a # why\n'],
  ['a stage that nothing needs', true, 'FROM scratch\n', 'FROM scratch\nRUN other\nFROM scratch\n'],
  [
    'an argument that only a stage that nothing needs declares',
    true,
    'FROM scratch\n',
    'FROM scratch\nARG WORD\nFROM scratch\n',
  ],
  [
    'a stage above one that is named by its number',
    false,
    'FROM scratch\nCOPY --from=0 a /\n',
    'FROM scratch\nFROM scratch\nCOPY --from=0 a /\n',
  ],
  [
    'which stage a number names',
    false,
    'FROM scratch AS y\nFROM scratch\nCOPY --from=x /a /\nCOPY --from=y /a /\nCOPY --from=1 /b /\n',
    'FROM scratch AS y\nFROM scratch\nFROM scratch\nCOPY --from=x /a /\nCOPY --from=y /a /\nCOPY --from=1 /b /\n',
  ],
];
for (const [title, isOne, before, now] of texts) {
  test(`a key ${isOne ? 'does not see' : 'sees'} ${title}`, async () => {
    const [one, other] = [before, now].map((text) => ({ child: `FROM scratch AS x\n${text}`, edit: '' })) as [Row, Row];
    assert.equal((await keyOf(one)) === (await keyOf(other)), isOne);
  });
}

test('a key sees which stage a trigger of the parent names by its number', async () => {
  const base = 'FROM scratch\nONBUILD COPY --from=1 /k /k2\n';
  const both = 'COPY --from=x /k /x\nCOPY --from=y /k /y\n';
  const end = `FROM \${REGISTRY}/base:1.0.0\n${both}`;
  const stages = 'FROM scratch AS x\nCOPY a /k\nFROM scratch AS y\nCOPY b /k\n';
  const one = { base, child: `ARG REGISTRY\n${stages}${end}`, edit: '' };
  const other = { base, child: `ARG REGISTRY\nFROM scratch AS nothing\n${stages}${end}`, edit: '' };
  assert.notEqual(await keyOf(one), await keyOf(other));
});

test('a key sees what escapes: the same text means something else then', async () => {
  const text = 'FROM scratch\nENV A=x\\y\n';
  assert.notEqual(await keyOf({ child: text, edit: '' }), await keyOf({ child: `# escape=\`\n${text}`, edit: '' }));
});
