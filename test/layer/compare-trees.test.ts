/** Where two trees differ, as layers make them, and when it is told without what is below. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareTrees, type TreeDifference } from '../../src/layer/compare-trees.ts';
import type { FifoEntry, LayerIndex } from '../../src/layer/layer-entry.ts';
import { touchSamePaths } from '../../src/layer/same-paths.ts';
import { Tree } from '../../src/layer/tree.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from './entries.ts';

/** `+ path`, `- path`, `~ path what`. */
function told(before: readonly LayerIndex[], after: readonly LayerIndex[], times = false): readonly string[] {
  return [...compareTrees(Tree.of(before), Tree.of(after), { times })].map(lineOf);
}

function lineOf({ path, before, after, differs }: TreeDifference): string {
  if (before === undefined) return `+ ${path}`;
  return after === undefined ? `- ${path}` : `~ ${path} ${differs.join()}`;
}

const fifo = (path: string): FifoEntry => ({ type: 'fifo', path, mode: 0o644, uid: 0, gid: 0, mtime: 0 });
const device = (path: string, minor: number, type: 'char-device' | 'block-device' = 'char-device') =>
  ({ type, path, mode: 0o644, uid: 0, gid: 0, mtime: 0, major: 1, minor }) as const;
const capable = { xattrs: { 'security.capability': 'AQ==' } };

/** One entry of one tree and of another. */
const changes: readonly (readonly [title: string, before: LayerIndex, after: LayerIndex, told: readonly string[]])[] = [
  ['nothing', [], [], []],
  ['the same', [directory('d'), file('d/f', 'a')], [directory('d'), file('d/f', 'a')], []],
  ['in another order', [file('a'), file('b')], [file('b'), file('a')], []],
  ['added and removed', [file('a')], [file('b')], ['- a', '+ b']],
  ['a directory comes with what is in it', [], [directory('d'), file('d/f')], ['+ d', '+ d/f']],
  ['and goes with it', [directory('d'), file('d/f')], [], ['- d', '- d/f']],
  ['directories before their neighbours', [], [file('a-b'), file('a/z')], ['+ a', '+ a/z', '+ a-b']],
  ['content of one size', [file('f', 'a')], [file('f', 'b')], ['~ f content']],
  ['content of another size', [file('f', 'a')], [file('f', 'bb')], ['~ f size,content']],
  ['mode', [file('f')], [file('f', '', { mode: 0o755 })], ['~ f mode']],
  ['sticky', [directory('d')], [directory('d', { mode: 0o1755 })], ['~ d mode']],
  ['user', [file('f')], [file('f', '', { uid: 1 })], ['~ f owner']],
  ['group', [file('f')], [file('f', '', { gid: 1 })], ['~ f owner']],
  ['of a link', [symlink('l', 'a')], [symlink('l', 'a', { uid: 1 })], ['~ l owner']],
  ['target', [symlink('l', 'a')], [symlink('l', '/a')], ['~ l target']],
  ['the mode of a link is none', [symlink('l', 'a')], [symlink('l', 'a', { mode: 0o755 })], []],
  ['type', [file('f', 'a')], [directory('f')], ['~ f type,mode']],
  ['type, of a link', [file('f', 'a')], [symlink('f', 'a')], ['~ f type']],
  ['pipe', [fifo('f')], [file('f')], ['~ f type']],
  ['device', [device('n', 3)], [device('n', 5)], ['~ n device']],
  ['kind of device', [device('n', 3)], [device('n', 3, 'block-device')], ['~ n type']],
  ['a capability came', [file('f')], [file('f', '', capable)], ['~ f xattrs']],
  ['it went', [file('f', '', capable)], [file('f')], ['~ f xattrs']],
  ['no attributes are none', [file('f', '', { xattrs: {} })], [file('f')], []],
  ['the parent nobody has an entry for', [file('d/f')], [directory('d'), file('d/f')], []],
  ['two names of one file', [file('a'), hardlink('b', 'a')], [file('a'), file('b')], ['~ b link']],
  ['the other way', [file('a'), file('b')], [file('a'), hardlink('b', 'a')], ['~ b link']],
  ['which name is first is no matter', [file('a'), hardlink('b', 'a')], [file('b'), hardlink('a', 'b')], []],
  [
    'another of the names',
    [file('a'), file('c'), hardlink('d', 'c')],
    [file('a'), file('c'), hardlink('d', 'a')],
    ['~ d link'],
  ],
  ['a name more', [file('b')], [file('b'), hardlink('a', 'b')], ['+ a']],
  ['a name less', [file('b'), hardlink('a', 'b')], [file('b')], ['- a']],
  ['a name is a directory', [file('a'), hardlink('b', 'a')], [directory('a'), file('b')], ['~ a type,mode']],
  [
    'all names of a file that changes',
    [file('a', 'x'), hardlink('b', 'a')],
    [file('a', 'y'), hardlink('b', 'a')],
    ['~ a content', '~ b content'],
  ],
];
for (const [title, before, after, want] of changes) {
  test(`one layer: ${title}`, () => {
    assert.deepEqual(told([before], [after]), want);
  });
}

const base = [directory('d'), file('d/a', 'a'), file('d/b', 'b'), file('z', 'z')];

/** Layers on one base: what both come to is compared, not how. */
const stacks: readonly (readonly [
  title: string,
  before: readonly LayerIndex[],
  after: readonly LayerIndex[],
  told: readonly string[],
])[] = [
  ['a file of the base again, as it was', [], [[file('z', 'z')]], []],
  ['a file of the base, changed', [], [[file('z', 'y')]], ['~ z content']],
  ['changed and back', [], [[file('z', 'y')], [file('z', 'z')]], []],
  ['removed', [], [[whiteout('z')]], ['- z']],
  ['removed and back', [], [[whiteout('z')], [file('z', 'z')]], []],
  ['what was not there is removed', [], [[whiteout('x'), whiteout('d/x')]], []],
  ['a directory is removed', [], [[whiteout('d')]], ['- d', '- d/a', '- d/b']],
  ['and another is there', [], [[whiteout('d'), directory('d'), file('d/b', 'b')]], ['- d/a']],
  ['an opaque directory', [], [[directory('d'), opaque('d'), file('d/n')]], ['- d/a', '- d/b', '+ d/n']],
  ['one that is as full as it was', [], [[directory('d'), opaque('d'), file('d/a', 'a'), file('d/b', 'b')]], []],
  ['an opaque root', [], [[opaque(''), file('z', 'z')]], ['- d', '- d/a', '- d/b']],
  ['a file in the place of a directory', [], [[file('d')]], ['~ d type,mode', '- d/a', '- d/b']],
  ['a link in its place, and a file behind it', [], [[symlink('d', 'e')]], ['~ d type', '- d/a', '- d/b']],
  ['one layer for two', [[file('x')], [file('y')]], [[file('x'), file('y')]], []],
  ['another name of a file of the base', [], [[hardlink('y', 'z')]], ['+ y']],
  [
    'the last layer counts',
    [[file('x', '1')], [file('x', '2')]],
    [[file('x', '2')], [file('x', '1')]],
    ['~ x content'],
  ],
];
for (const [title, before, after, want] of stacks) {
  test(`layers: ${title}`, () => {
    assert.deepEqual(told([base, ...before], [base, ...after]), want);
    const mirrored = told([base, ...after], [base, ...before]);
    const swap: Readonly<Record<string, string>> = { '+': '-', '-': '+', '~': '~' };
    assert.deepEqual(
      mirrored,
      want.map((line) => line.replace(/^./, (sign) => swap[sign]!)),
    );
  });
}

test('times count where they are asked for', () => {
  const before = [[directory('d'), file('f', ''), symlink('l', 'f')]];
  const after = [[directory('d', { mtime: 1 }), file('f', '', { mtime: 1 }), symlink('l', 'f', { mtime: 1 })]];
  assert.deepEqual(told(before, after), []);
  assert.deepEqual(told(before, after, true), ['~ d time', '~ f time', '~ l time']);
});

test('a file of many names takes no longer for each', () => {
  const names = Array.from({ length: 50_000 }, (_, at) => hardlink(`n${at}`, 'a'));
  assert.deepEqual(told([[file('a'), ...names]], [[file('b'), file('a'), ...names]]), ['+ b']);
  assert.equal(told([[file('a'), ...names]], [names.map(({ path }) => file(path))]).length, 50_000);
});

/** Whether the base matters, and what it would be to know. */
const withoutBase: readonly (readonly [
  title: string,
  before: readonly LayerIndex[],
  after: readonly LayerIndex[],
  isTold: boolean,
])[] = [
  ['the same paths', [[directory('d'), file('d/a', '1')]], [[directory('d'), file('d/a', '2')]], true],
  ['the same marks', [[whiteout('z'), opaque('d')]], [[whiteout('z'), opaque('d')]], true],
  ['a link to a file of the stack', [[file('x')], [hardlink('y', 'x')]], [[file('x')], [hardlink('y', 'x')]], true],
  [
    'a link to another of them',
    [[file('w'), file('x'), hardlink('y', 'x')]],
    [[file('w'), file('x'), hardlink('y', 'w')]],
    true,
  ],
  ['no layers', [], [], true],
  ['one path more', [[file('z', '1')]], [[file('z', '1'), file('d/a', '1')]], false],
  ['another path', [[file('z')]], [[file('x')]], false],
  ['a layer more', [[file('z')]], [[file('z')], []], false],
  ['another type', [[directory('d')]], [[file('d')]], false],
  ['a mark for a file', [[whiteout('z')]], [[file('z')]], false],
  ['an opaque directory', [[directory('d'), file('d/n')]], [[opaque('d'), file('d/n')]], false],
  ['in other layers', [[file('d')], [directory('d')]], [[directory('d')], [file('d')]], false],
  ['a link to a file below', [[hardlink('y', 'z')]], [[hardlink('y', 'z')]], false],
  ['one of them', [[file('x'), hardlink('y', 'x')]], [[file('x'), hardlink('y', 'z')]], false],
];
for (const [title, before, after, isTold] of withoutBase) {
  test(`without the base: ${title}`, () => {
    assert.equal(touchSamePaths(before, after), isTold);
    assert.equal(touchSamePaths(after, before), isTold);
    if (isTold) assert.deepEqual(told(before, after), told([base, ...before], [base, ...after]));
  });
}

const anyPath = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/f');
const anyContent = fc.constantFrom('1', '2');
const anyLayer = fc.array(
  fc.oneof(
    fc.tuple(anyPath, anyContent).map(([path, content]) => file(path, content)),
    anyPath.map((path) => directory(path)),
    anyPath.map((path) => whiteout(path)),
    fc.constantFrom('', 'd', 'd/e').map((path) => opaque(path)),
    fc.constantFrom('a', 'd/a').map((path) => hardlink(path, 'b')),
  ),
  { maxLength: 5 },
);
const anyStack = fc.array(anyLayer, { maxLength: 3 });

test('of any layers: what is told without the base is what is told with it', () => {
  const contents = fc.infiniteStream(fc.constantFrom('1', '2', '3'));
  fc.assert(
    fc.property(anyStack, anyStack, contents, (below, before, others) => {
      // The same paths, with other contents.
      const after = before.map((layer) =>
        layer.map((entry) => (entry.type === 'file' ? file(entry.path, others.next().value) : entry)),
      );
      fc.pre(
        touchSamePaths(before, after) &&
          [
            [...below, ...before],
            [...below, ...after],
          ].every(isSound),
      );
      assert.deepEqual(told(before, after), told([...below, ...before], [...below, ...after]));
    }),
    { seed: 7, numRuns: 2000 },
  );
});

/** Links to what is not there are a failure of the layers. */
function isSound(layers: readonly LayerIndex[]): boolean {
  try {
    Tree.of(layers);
    return true;
  } catch {
    return false;
  }
}
