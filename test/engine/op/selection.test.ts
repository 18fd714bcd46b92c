import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyOp } from '../../../src/engine/op/op-definition.ts';
import { select, selectionDigest } from '../../../src/engine/op/selection.ts';
import { failuresOf } from '../../../src/result.ts';
import { MemorySource } from '../../support/memory-source.ts';

const copy = (op: Partial<CopyOp>): CopyOp => ({
  kind: 'copy',
  source: { type: 'input' },
  patterns: [],
  inline: [],
  destination: '/',
  exclude: [],
  link: false,
  parents: false,
  unpack: false,
  mtime: 0,
  ...op,
});

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
async function selected(op: Partial<CopyOp>): Promise<string[]> {
  const selection = await select(tree, copy(op));
  return selection.flatMap(({ name, node, below }) => [
    `${name}=${node.path}`,
    ...below.map(({ path, node: { type } }) => `${name}/${path}:${type}`),
  ]);
}

const cases: [title: string, op: Partial<CopyOp>, want: string[]][] = [
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
    'excluded files',
    { patterns: ['dir'], exclude: ['dir/sub'] },
    ['dir=dir', 'dir/inner-link:symlink', 'dir/one:file'],
  ],
];

for (const [title, op, want] of cases) {
  test(`select() ${title}: ${op.patterns}`, async () => assert.deepEqual(await selected(op), want));
}

for (const pattern of ['missing', 'dir/missing', 'loop', 'a.txt/below']) {
  test(`select() refuses what is not there: ${pattern}`, async () => {
    await assert.rejects(select(tree, copy({ patterns: ['a.txt', pattern] })), (error: unknown) => {
      assert.deepEqual(
        failuresOf(error)?.map(({ reason }) => reason),
        ['copy-source-missing'],
      );
      return true;
    });
  });
}

const file = { content: 'x' };
const base = { 'd/f': { ...file, mode: 0o644, uid: 5, gid: 5, mtime: 1 } };
const digest = async (files: ConstructorParameters<typeof MemorySource>[0], op: Partial<CopyOp> = {}) => {
  const source = new MemorySource(files);
  const definition = copy({ patterns: ['d'], ...op });
  return selectionDigest(source, await select(source, definition), definition);
};

const digestCases: [
  title: string,
  same: boolean,
  files: ConstructorParameters<typeof MemorySource>[0],
  op?: Partial<CopyOp>,
][] = [
  ['the time', true, { 'd/f': { ...base['d/f'], mtime: 99 } }],
  ['the content', false, { 'd/f': { ...base['d/f'], content: 'y' } }],
  ['the mode', false, { 'd/f': { ...base['d/f'], mode: 0o755 } }],
  ['the mode under an octal --chmod', true, { 'd/f': { ...base['d/f'], mode: 0o755 } }, { chmod: '644' }],
  ['the mode under a symbolic --chmod', false, { 'd/f': { ...base['d/f'], mode: 0o755 } }, { chmod: 'g+w' }],
  ['the owner', false, { 'd/f': { ...base['d/f'], uid: 6 } }],
  ['the owner under --chown', true, { 'd/f': { ...base['d/f'], uid: 6 } }, { chown: '1:1' }],
  ['the name', false, { 'd/g': base['d/f'] }],
  ['what lies outside the selection', true, { ...base, other: 'z' }],
];

for (const [title, same, files, op] of digestCases) {
  test(`selectionDigest() ${same ? 'does not know' : 'knows'} ${title}`, async () => {
    assert.equal((await digest(files, op)) === (await digest(base, op)), same);
  });
}
