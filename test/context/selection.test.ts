import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Masks, noMasks, type Selector, select, selectionDigest } from '../../src/context/selection.ts';
import { failuresOf } from '../../src/result.ts';
import { MemorySource } from '../support/memory-source.ts';

const selectorOf = (selector: Partial<Selector>): Selector => ({
  patterns: [],
  exclude: [],
  parents: false,
  ...selector,
});
const missing = (pattern: string) => ({ reason: 'copy-source-missing', message: pattern });

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
    ['dir=dir', 'dir/inner-link:symlink', 'dir/one:file'],
  ],
  [
    'what is excluded, behind a pivot',
    { patterns: ['dir/./sub'], exclude: ['sub/two'], parents: true },
    ['sub=dir/sub'],
  ],
  ['with --parents, the path', { patterns: ['dir/sub/two'], parents: true }, ['dir/sub/two=dir/sub/two']],
  ['with --parents, the path behind a pivot', { patterns: ['dir/./sub/two'], parents: true }, ['sub/two=dir/sub/two']],
  [
    'with --parents, what a pivot ends in, by its content',
    { patterns: ['dir/sub/./'], parents: true },
    ['=dir/sub', 'sub/two:file'],
  ],
];

for (const [title, op, want] of cases) {
  test(`select() ${title}: ${op.patterns}`, async () => assert.deepEqual(await selected(op), want));
}

for (const pattern of ['missing', 'dir/missing', 'loop', 'a.txt/below']) {
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
  return selectionDigest(source, await select(source, selector, missing), selector, { ...noMasks, ...masks });
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
