import assert from 'node:assert/strict';
import { test } from 'node:test';
import { select, selectionDigest } from '../../src/context/selection.ts';
import { type Masks, noMasks, type Selector } from '../../src/context/selector.ts';
import { failuresOf } from '../../src/result.ts';
import { MemorySource } from '../support/memory-source.ts';

const selectorOf = (selector: Partial<Selector>): Selector => ({
  patterns: [],
  exclude: [],
  parents: false,
  ...selector,
});
const missing = (pattern: string) => ({ reason: 'copy-source-missing', message: pattern }) as const;

const tree = new MemorySource({
  'a.txt': 'a',
  'b.txt': 'b',
  'dir/one': '1',
  'dir/sub/two': '2',
  'link-to-file': '-> a.txt',
  'link-to-dir': '-> dir',
  'dir/inner-link': '-> one',
  escape: '-> ../../../../a.txt',
  absolute: '-> /dir/sub',
  loop: '-> loop',
  'we[i]rd': 'w',
  'ünï/cödé': 'u',
});

/** Selected names with the paths below them; links show where they lead by the node's path. */
async function selected(op: Partial<Selector>): Promise<string[]> {
  const selection = await select(tree, selectorOf(op), missing);
  return selection.flatMap(({ name, kept, node, below }) => [
    op.parents ? `${kept}=${node.path}` : `${name}=${node.path}`,
    ...below.map(({ path, node: { type } }) => `${name}/${path}:${type}`),
  ]);
}

const cases: [title: string, op: Partial<Selector>, want: string[]][] = [
  ['a file', { patterns: ['a.txt'] }, ['a.txt=a.txt']],
  ['several, in the order written', { patterns: ['b.txt', 'a.txt'] }, ['b.txt=b.txt', 'a.txt=a.txt']],
  ['slashes at both ends mean nothing', { patterns: ['/a.txt/'] }, ['a.txt=a.txt']],
  ['.. does not lead out', { patterns: ['../../a.txt'] }, ['a.txt=a.txt']],
  ['a wildcard, sorted', { patterns: ['*.txt'] }, ['a.txt=a.txt', 'b.txt=b.txt']],
  ['a wildcard that matches nothing selects nothing', { patterns: ['*.zip'] }, []],
  ['a class', { patterns: ['[a-a].txt'] }, ['a.txt=a.txt']],
  ['an escaped class is a name', { patterns: ['we[[]i]rd'] }, ['we[i]rd=we[i]rd']],
  ['a link that is named is followed', { patterns: ['link-to-file'] }, ['link-to-file=a.txt']],
  ['a link that a wildcard matches is followed', { patterns: ['link-to-f*'] }, ['link-to-file=a.txt']],
  ['a link on the way is followed', { patterns: ['link-to-dir/one'] }, ['one=dir/one']],
  ['a link never leads out of the root', { patterns: ['escape'] }, ['escape=a.txt']],
  ['an absolute link starts at the root', { patterns: ['absolute/two'] }, ['two=dir/sub/two']],
  [
    'a directory with all below it, links as links',
    { patterns: ['dir'] },
    ['dir=dir', 'dir/inner-link:symlink', 'dir/one:file', 'dir/sub:directory', 'dir/sub/two:file'],
  ],
  ['a wildcard in the middle', { patterns: ['d*/s*/two'] }, ['two=dir/sub/two']],
  ['names beyond ASCII', { patterns: ['ünï/c*'] }, ['cödé=ünï/cödé']],
  [
    'what is excluded, from the directory that is copied',
    { patterns: ['dir'], exclude: ['sub', 'dir/one'] },
    ['dir=dir', 'dir/inner-link:symlink', 'dir/one:file'],
  ],
  [
    'what is excluded of a name alone, whatever is above it',
    { patterns: ['dir/o*', 'a.txt'], exclude: ['one'] },
    ['a.txt=a.txt'],
  ],
  [
    'what is excluded, with --parents from where paths are kept',
    { patterns: ['dir'], exclude: ['dir/sub'], parents: true },
    ['=', 'dir=dir', 'dir/inner-link:symlink', 'dir/one:file'],
  ],
  [
    'what is excluded, behind a pivot',
    { patterns: ['dir/./sub'], exclude: ['sub/two'], parents: true },
    ['=dir', 'sub=dir/sub'],
  ],
  ['two stars are one without --parents', { patterns: ['**/one', '**/two'] }, ['one=dir/one']],
  ['a wildcard that matches nothing', { patterns: ['m*', 'dir/m*', 'd*/missing/*'] }, []],
  ['a wildcard does not lead through a link', { patterns: ['*/sub'] }, ['sub=dir/sub', 'sub/two:file']],
  ['nor does what comes behind it', { patterns: ['*/sub/two'] }, ['two=dir/sub/two']],
  ['a link before a wildcard does', { patterns: ['absolute/*'] }, ['two=dir/sub/two']],
  [
    'with --parents, two stars are any directories',
    { patterns: ['**/two'], parents: true },
    ['=', 'dir/sub/two=dir/sub/two'],
  ],
  ['with --parents, ./ in front is no pivot', { patterns: ['./dir/one'], parents: true }, ['=', 'dir/one=dir/one']],
  ['with --parents, nor before one', { patterns: ['./dir/./sub/two'], parents: true }, ['=dir', 'sub/two=dir/sub/two']],
  [
    'with --parents, the first pivot counts',
    { patterns: ['./dir/./sub/./two'], parents: true },
    ['=dir', 'sub/two=dir/sub/two'],
  ],
  ['with --parents, the root as a pivot', { patterns: ['/./dir/one'], parents: true }, ['=', 'dir/one=dir/one']],
  ['with --parents, the path', { patterns: ['dir/sub/two'], parents: true }, ['=', 'dir/sub/two=dir/sub/two']],
  [
    'with --parents, the path behind a pivot',
    { patterns: ['dir/./sub/two'], parents: true },
    ['=dir', 'sub/two=dir/sub/two'],
  ],
  [
    'with --parents, a link as it is',
    { patterns: ['link-*'], parents: true },
    ['=', 'link-to-dir=link-to-dir', 'link-to-file=link-to-file'],
  ],
  ['with --parents, a link as the pivot', { patterns: ['link-to-dir/./o*'], parents: true }, ['=dir', 'one=dir/one']],
  ['with --parents, nothing but the directory', { patterns: ['dir/./x*'], parents: true }, ['=dir']],
  [
    'with --parents, two stars at the end are all that is below',
    { patterns: ['dir/**'], parents: true },
    ['=', 'dir/inner-link=dir/inner-link', 'dir/one=dir/one', 'dir/sub=dir/sub', 'sub/two:file'],
  ],
  [
    'of a path, what it leads to through links',
    { patterns: ['link-to-dir'], parents: true, literal: true },
    [
      'link-to-dir=dir',
      'link-to-dir/inner-link:symlink',
      'link-to-dir/one:file',
      'link-to-dir/sub:directory',
      'link-to-dir/sub/two:file',
    ],
  ],
  [
    'of a path, under the name it is written with',
    { patterns: ['link-to-dir/one'], parents: true, literal: true },
    ['link-to-dir/one=dir/one'],
  ],
  ['of a path, whatever its name', { patterns: ['we[i]rd'], parents: true, literal: true }, ['we[i]rd=we[i]rd']],
];

for (const [title, op, want] of cases) {
  test(`select() ${title}: ${op.patterns}`, async () => assert.deepEqual(await selected(op), want));
}

for (const [pattern, exclude = []] of [
  ['.'],
  ['/'],
  ['dir/sub/./'],
  ['none/./*'],
  ['a.txt/./*'],
  ['link-to-dir/one'],
  ['link-to-dir/./one'],
  ['a.txt', ['a.txt']],
  ['dir', ['*']],
] as [string, string[]?][]) {
  test(`select() with --parents refuses what is not there by that name: ${pattern}`, async () => {
    const selector = selectorOf({ patterns: [pattern], parents: true, exclude });
    await assert.rejects(select(tree, selector, missing), (error: unknown) => {
      assert.deepEqual(
        failuresOf(error)?.map(({ reason }) => reason),
        ['copy-source-missing'],
      );
      return true;
    });
  });
}

for (const pattern of ['missing', 'dir/missing', 'loop', 'a.txt/below', 'loop/*', 'missing/*', 'dir/missing/*']) {
  test(`select() refuses what is not there: ${pattern}`, async () => {
    await assert.rejects(select(tree, selectorOf({ patterns: ['a.txt', pattern] }), missing), (error: unknown) => {
      assert.deepEqual(
        failuresOf(error)?.map(({ reason }) => reason),
        ['copy-source-missing'],
      );
      return true;
    });
  });
}

const file = { content: 'x', mode: 0o644, uid: 5, gid: 5, mtime: 1 };
const directory = { type: 'directory', mode: 0o755 } as const;
const base = { d: directory, 'd/e': directory, 'd/e/f': file };
type Files = ConstructorParameters<typeof MemorySource>[0];
interface Asked extends Partial<Selector> {
  readonly masks?: Partial<Masks>;
}

async function digest(files: Files, { masks = {}, ...rest }: Asked = {}) {
  const source = new MemorySource(files);
  const selector = selectorOf({ patterns: ['d'], ...rest });
  return selectionDigest({ tree: source, selection: await select(source, selector, missing) }, selector, {
    masks: { ...noMasks, ...masks },
  });
}

const digestCases: [title: string, same: boolean, files: Files, asked?: Asked, before?: Files][] = [
  ['the time', true, { ...base, 'd/e/f': { ...file, mtime: 99 } }],
  ['the content', false, { ...base, 'd/e/f': { ...file, content: 'y' } }],
  ['the mode', false, { ...base, 'd/e/f': { ...file, mode: 0o755 } }],
  ['a bit of the mode that few use', false, { ...base, 'd/e/f': { ...file, mode: 0o4644 } }],
  ['the mode under an octal --chmod', true, { ...base, 'd/e/f': { ...file, mode: 0o755 } }, { masks: { mode: true } }],
  ['the owner', false, { ...base, 'd/e/f': { ...file, uid: 6 } }],
  ['the owner under --chown', true, { ...base, 'd/e/f': { ...file, uid: 6 } }, { masks: { owner: true } }],
  ['the name', false, { ...base, 'd/e/g': file }],
  ['what lies outside the selection', true, { ...base, other: 'z' }],
  ['the mode of a directory', false, { ...base, 'd/e': { ...directory, mode: 0o700 } }],
  ['the mode of a directory of which only the content is copied', true, { ...base, d: { ...directory, mode: 0o700 } }],
  [
    'the mode of a directory that --parents brings along',
    false,
    { ...base, d: { ...directory, mode: 0o700 } },
    { patterns: ['d/e'], parents: true },
  ],
  [
    'the mode of a directory that --parents brings along, under an octal --chmod',
    false,
    { ...base, d: { ...directory, mode: 0o700 } },
    { patterns: ['d/e/f'], parents: true, masks: { mode: true } },
  ],
  [
    'the owner of a directory that --parents brings along',
    false,
    { ...base, d: { ...directory, uid: 7 } },
    { patterns: ['d/e/f'], parents: true },
  ],
  [
    'the mode of a directory above the pivot',
    true,
    { ...base, d: { ...directory, mode: 0o700 } },
    { patterns: ['d/./e'], parents: true },
  ],
  [
    'the mode of a directory that --parents copies whole',
    false,
    { ...base, 'd/e': { ...directory, mode: 0o700 } },
    { patterns: ['d/e'], parents: true },
  ],
  ['where a link leads, inside a directory', false, { ...base, 'd/l': '-> x' }, {}, { ...base, 'd/l': '-> y' }],
  [
    'where a link leads, if what is there is the same',
    true,
    { ...base, a: file, l: '-> d/e/f' },
    { patterns: ['l'] },
    { ...base, a: file, l: '-> a' },
  ],
  [
    'which names are one file',
    false,
    { ...base, 'd/g': { ...file, identity: '1' }, 'd/h': { ...file, identity: '1' } },
    {},
    { ...base, 'd/g': file, 'd/h': file },
  ],
  [
    'that a file has another name outside the selection',
    true,
    { ...base, 'd/e/f': { ...file, identity: '1' }, g: { ...file, identity: '1' } },
  ],
  [
    'the number of a device',
    false,
    { ...base, 'd/c': { type: 'char-device', major: 1, minor: 3 } },
    {},
    { ...base, 'd/c': { type: 'char-device', major: 1, minor: 5 } },
  ],
  ['an extended attribute', false, { ...base, 'd/e/f': { ...file, xattrs: { 'user.a': 'eA==' } } }],
];

for (const [title, same, files, asked, before = base] of digestCases) {
  test(`selectionDigest() ${same ? 'does not know' : 'knows'} ${title}`, async () => {
    assert.equal((await digest(files, asked)) === (await digest(before, asked)), same);
  });
}

test('select() walks one directory after the other, so that the last of equal names is known', async () => {
  const source = new MemorySource({ 'a-x/f': '1', 'a/f': '2', 'b/f': '3' });
  const selection = await select(source, selectorOf({ patterns: ['*/f'] }), missing);
  assert.deepEqual(
    selection.map(({ node: { path } }) => path),
    ['a/f', 'a-x/f', 'b/f'],
  );
});

test('select() with --parents tells which directories a pattern leads through for the first time', async () => {
  const source = new MemorySource({ 'd/e/f': '1', 'd/e/g': '2', 'd/h': '3' });
  const selection = await select(source, selectorOf({ patterns: ['d/e/*', 'd/h'], parents: true }), missing);
  assert.deepEqual(
    selection.map(({ pattern, top, leading }) => [
      pattern,
      top.path,
      ...leading.map(({ path, isFirst }) => `${path} ${isFirst}`),
    ]),
    [
      [0, ''],
      [0, '', 'd true', 'd/e true'],
      [0, '', 'd false', 'd/e false'],
      [1, ''],
      [1, '', 'd true'],
    ],
  );
});

const timed: [title: string, same: boolean, files: Files, asked?: Asked][] = [
  ['of a file', false, { ...base, 'd/e/f': { ...file, mtime: 99 } }],
  ['of the directory that is copied, which the destination gets', false, { ...base, d: { ...directory, mtime: 99 } }],
  ['of the pivot', false, { ...base, d: { ...directory, mtime: 99 } }, { patterns: ['d/./e'], parents: true }],
  ['of a directory above a file', true, { ...base, d: { ...directory, mtime: 99 } }, { patterns: ['d/e/f'] }],
];
for (const [title, same, files, asked] of timed) {
  test(`selectionDigest() with times ${same ? 'does not know' : 'knows'} that ${title}`, async () => {
    const digests = [base, files].map(async (one) => {
      const source = new MemorySource(one);
      const selector = selectorOf({ patterns: ['d'], ...asked });
      const selection = await select(source, selector, missing);
      return selectionDigest({ tree: source, selection }, selector, { masks: noMasks, timeOf: ({ mtime }) => mtime });
    });
    const [before, after] = await Promise.all(digests);
    assert.equal(before === after, same);
  });
}
