import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ImageName } from '../../../src/project/image-name.ts';
import { amd64, arm64, type ImageSources, Workshop } from '../workshop.ts';

const workshop = await Workshop.open({});
after(() => workshop[Symbol.asyncDispose]());

type Images = Readonly<Record<string, ImageSources>>;

async function keyOf(images: Images, args?: Readonly<Record<string, string>>, platform = amd64): Promise<string> {
  await workshop.write(images);
  return (await workshop.keys(args)).keyOf('child' as ImageName, platform);
}

const base = { version: '1.0.0', files: { files: 'base' } };
const child = (dockerfile: string, files: ImageSources['files'] = { files: 'child' }): Images => ({
  base,
  child: { dockerfile, files },
});
const plain = 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nARG WORD\nCOPY files /\nRUN make\n';
const all = 'FROM scratch\nCOPY . /\n';

const same: [title: string, before: Images, after: Images][] = [
  ['comments and blank lines', child(plain), child(`# why\n\n${plain.replace('RUN', '\n# how\nRUN')}`)],
  ['where lines are continued', child(plain), child(plain.replace('RUN make', 'RUN \\\n  make').replace('  ', ''))],
  [
    'a new version of the image',
    { base, child: { dockerfile: plain, version: '1.0.0' } },
    { base, child: { dockerfile: plain, version: '2.0.0' } },
  ],
  [
    'a new version of the parent with equal content',
    child(plain),
    {
      base: { ...base, version: '1.0.1' },
      child: { dockerfile: plain.replace('1.0.0', '1.0.1'), files: { files: 'child' } },
    },
  ],
  ['how REGISTRY is spelled', child(plain), child(plain.replace('${REGISTRY}', '$REGISTRY'))],
  [
    'what .dockerignore leaves out',
    child(plain),
    child(plain, { files: 'child', '.dockerignore': 'log*\n', log1: 'x' }),
  ],
  ['the Dockerfile itself, where COPY does not take it', child(plain), child(plain.replace('\nRUN', '\n\nRUN'))],
];
for (const [title, before, after] of same) {
  test(`buildKey() is not changed by ${title}`, async () => assert.equal(await keyOf(after), await keyOf(before)));
}

const different: [title: string, before: Images, after: Images][] = [
  ['an instruction', child(plain), child(plain.replace('make', 'make all'))],
  ['the order of instructions', child(plain), child(plain.replace(/(COPY.*\n)(RUN.*\n)/, '$2$1'))],
  [
    'the default of SOURCE_DATE_EPOCH',
    child(`ARG SOURCE_DATE_EPOCH=1\n${plain}`),
    child(`ARG SOURCE_DATE_EPOCH=2\n${plain}`),
  ],
  ['the body of a heredoc', child(`${plain}RUN <<E\na\nE\n`), child(`${plain}RUN <<E\nb\nE\n`)],
  ['a file', child(plain), child(plain, { files: 'other' })],
  ['the name of a file', child(all, { a: '' }), child(all, { b: '' })],
  ['an executable bit', child(plain, { files: 'x' }), child(plain, { files: '+x x' })],
  ['the target of a link', child(all, { files: '-> a' }), child(all, { files: '-> b' })],
  ['a file that is a link', child(plain, { files: 'a' }), child(plain, { files: '-> a' })],
  ['the content of the parent', child(plain), { ...child(plain), base: { ...base, files: { files: 'other' } } }],
  ['a reference to another version than that of the project', child(plain), child(plain.replace('1.0.0', '0.9.0'))],
  ['a comment in a Dockerfile that is copied', child(all), child(`# why\n${all}`)],
  [
    'the version where info.edn is copied',
    { base, child: { dockerfile: all, version: '1.0.0' } },
    { base, child: { dockerfile: all, version: '1.0.1' } },
  ],
];
for (const [title, before, after] of different) {
  test(`buildKey() is changed by ${title}`, async () => assert.notEqual(await keyOf(after), await keyOf(before)));
}

const args: [
  title: string,
  dockerfile: string,
  before: Record<string, string>,
  after: Record<string, string>,
  equal: boolean,
][] = [
  ['of an argument it declares', plain, { WORD: 'a' }, { WORD: 'b' }, false],
  ['of an argument it does not declare', plain, { OTHER: 'a' }, { OTHER: 'b' }, true],
  ['of SOURCE_DATE_EPOCH', plain, {}, { SOURCE_DATE_EPOCH: '1' }, false],
  ['of REGISTRY that only names images', plain, { REGISTRY: 'a.example' }, { REGISTRY: 'b.example/c' }, true],
  [
    'of REGISTRY in scope of a RUN',
    plain.replace('ARG WORD', 'ARG REGISTRY'),
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in scope of nothing but COPY --from',
    'ARG REGISTRY\nFROM scratch\nARG REGISTRY\nCOPY --from=${REGISTRY}/base:1.0.0 /a /b\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    true,
  ],
  [
    'of REGISTRY through the default of another argument',
    'ARG REGISTRY\nARG FROM=$REGISTRY/x\nFROM scratch\nARG FROM\nENV ORIGIN=$FROM\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in a stage that stands on another',
    'FROM scratch AS one\nARG REGISTRY\nFROM one\nLABEL from=$REGISTRY\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in a stage that a variable names',
    'ARG WHICH=one\nFROM scratch AS one\nARG REGISTRY\nFROM $WHICH\nLABEL from=$REGISTRY\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in the history, through another argument',
    'FROM scratch\nARG REGISTRY\nARG FROM=$REGISTRY/x\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY for a trigger',
    'FROM scratch\nONBUILD ARG REGISTRY\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in scope of a RUN of a trigger, declared above it',
    'FROM scratch AS a\nARG REGISTRY\nONBUILD RUN env > /e\nFROM a\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY in scope of a RUN of a trigger, declared below it',
    'FROM scratch AS a\nONBUILD RUN env > /e\nARG REGISTRY\nFROM a\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    false,
  ],
  [
    'of REGISTRY for a trigger that only names an image',
    'FROM scratch AS a\nARG REGISTRY\nONBUILD COPY --from=${REGISTRY}/base:1.0.0 /a /b\nFROM a\n',
    { REGISTRY: 'a.example' },
    { REGISTRY: 'b.example' },
    true,
  ],
  [
    'of a platform argument whose name is continued on the next line',
    'ARG P=a${TARGET\\\nARCH}\nFROM scratch\nARG P\nLABEL p=$P\n',
    {},
    { TARGETARCH: 'foo' },
    false,
  ],
  [
    'of a platform argument whose name is continued below a comment, by a backtick',
    '# escape=`\nARG P=a${TARGET`\n\n# why\nARCH}\nFROM scratch\nARG P\nLABEL p=$P\n',
    {},
    { TARGETARCH: 'foo' },
    false,
  ],
];
for (const [title, dockerfile, before, after, equal] of args) {
  test(`buildKey() is ${equal ? 'not ' : ''}changed by the value ${title}`, async () => {
    const images = child(dockerfile);
    assert.equal((await keyOf(images, after)) === (await keyOf(images, before)), equal);
  });
}

test('buildKey() is another one for each platform', async () => {
  assert.notEqual(await keyOf(child(plain), {}, amd64), await keyOf(child(plain), {}, arm64));
});

test('buildKey() of the same sources never changes: published images carry it', async () => {
  assert.equal(
    await keyOf(child(plain), { WORD: 'a' }),
    'sha256:e43929f30b02d28c0ac6728349943e983f2d473250a6844bc0ef6af6b6d8646d',
  );
});
