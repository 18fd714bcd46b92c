import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerIndex } from '../../src/layer/layer-entry.ts';
import { Tree } from '../../src/layer/tree.ts';
import { failsWith } from '../tar/failing.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from './entries.ts';

/** Every path with the layer it is of; directories end in a slash. */
function listing(tree: Tree): string[] {
  return [...tree.walk()].map(({ path, entry, layer }) => `${path}${entry.type === 'directory' ? '/' : ''} ${layer}`);
}

const base = [directory('a'), file('a/f', 'one'), file('a/g'), directory('a/d'), file('a/d/x'), file('z')];

const applied: [title: string, layers: LayerIndex[], want: string[]][] = [
  ['one layer', [base], ['a/ 0', 'a/d/ 0', 'a/d/x 0', 'a/f 0', 'a/g 0', 'z 0']],
  ['parents nobody has an entry for', [[file('p/q/f')]], ['p/ 0', 'p/q/ 0', 'p/q/f 0']],
  ['a replaced file', [base, [file('a/f', 'two')]], ['a/ 0', 'a/d/ 0', 'a/d/x 0', 'a/f 1', 'a/g 0', 'z 0']],
  [
    'a directory again, keeping what is in it',
    [base, [directory('a', { mode: 0o700 })]],
    ['a/ 1', 'a/d/ 0', 'a/d/x 0', 'a/f 0', 'a/g 0', 'z 0'],
  ],
  ['a file for a directory', [base, [file('a')]], ['a 1', 'z 0']],
  [
    'a directory for a file',
    [base, [directory('z'), file('z/y')]],
    ['a/ 0', 'a/d/ 0', 'a/d/x 0', 'a/f 0', 'a/g 0', 'z/ 1', 'z/y 1'],
  ],
  [
    'a directory for a link, not followed',
    [[symlink('l', 'a'), ...base], [file('l/f')]],
    ['a/ 0', 'a/d/ 0', 'a/d/x 0', 'a/f 0', 'a/g 0', 'l/ 1', 'l/f 1', 'z 0'],
  ],
  ['whiteouts', [base, [whiteout('a/d'), whiteout('z')]], ['a/ 0', 'a/f 0', 'a/g 0']],
  [
    'a whiteout of nothing',
    [base, [whiteout('a/none'), whiteout('none/x'), whiteout('z/x')]],
    ['a/ 0', 'a/d/ 0', 'a/d/x 0', 'a/f 0', 'a/g 0', 'z 0'],
  ],
  [
    'a whiteout after the same layer put it',
    [base, [directory('a'), directory('a/d'), file('a/d/new'), whiteout('a/d')]],
    ['a/ 1', 'a/d/ 1', 'a/d/new 1', 'a/f 0', 'a/g 0', 'z 0'],
  ],
  [
    'an opaque mark before what the layer puts',
    [base, [directory('a'), opaque('a'), file('a/n')]],
    ['a/ 1', 'a/n 1', 'z 0'],
  ],
  [
    'an opaque mark after it',
    [base, [directory('a'), file('a/d/n'), file('a/n'), opaque('a')]],
    ['a/ 1', 'a/d/ 1', 'a/d/n 1', 'a/n 1', 'z 0'],
  ],
  ['an opaque root', [base, [opaque(''), file('n')]], ['n 1']],
  ['a whiteout, then the path again', [base, [whiteout('a')], [file('a/f')]], ['a/ 2', 'a/f 2', 'z 0']],
  ['the later one of two entries', [[file('f', 'one'), directory('f'), file('f/x')]], ['f/ 0', 'f/x 0']],
  [
    'a file in place of the directory just filled',
    [[directory('d'), file('d/x'), file('d'), file('e')]],
    ['d 0', 'e 0'],
  ],
  [
    'entries below a directory removed in the same layer',
    [base, [file('a/d/y'), whiteout('a'), file('a/d/z')]],
    ['a/ 1', 'a/d/ 1', 'a/d/y 1', 'a/d/z 1', 'z 0'],
  ],
];
for (const [title, layers, want] of applied) {
  test(`Tree.apply() ${title}`, () => assert.deepEqual(listing(Tree.of(layers)), want));
}

test('Tree.apply() makes no more parents than an honest layer leaves out', () => {
  const deep = Array.from({ length: 5 }, (_, at) => file(`${at}${'/d'.repeat(1000)}/f`));
  assert.throws(() => Tree.of([deep]), failsWith('layer-too-big'));
  assert.doesNotThrow(() => Tree.of(deep.map((entry) => [entry])));
});

test('Tree.apply() leaves the tree it is called on as it was', () => {
  const before = Tree.of([base]);
  const list = listing(before);
  const names = before.children('a');
  before.apply([whiteout('a/f'), file('a/d/new'), opaque('a/d'), file('new')]);
  before.apply([directory('a', { mode: 0 }), file('a/f', 'x')]);
  assert.deepEqual(listing(before), list);
  assert.deepEqual(before.children('a'), names);
  assert.deepEqual(before.lookup('a')!.entry, directory('a'));
});

test('Tree.apply() of a small layer to a big tree is cheap', () => {
  const big: LayerIndex = Array.from({ length: 50_000 }, (_, at) => file(`d${at % 500}/sub/f${at}`));
  const tree = Tree.of([big]);
  const start = performance.now();
  for (let round = 0; round < 100; round += 1) tree.apply([file(`d7/sub/new${round}`), whiteout('d8/sub/f8')]);
  assert.ok(performance.now() - start < 1000, '100 layers in a second, where rebuilding the tree takes 5 s');
});

test('Tree.lookup() of the root is 0755 0:0', () => {
  assert.deepEqual(Tree.empty.lookup('')!.entry, {
    type: 'directory',
    path: '',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  });
});

test('Tree.lookup() follows no links', () => {
  const tree = Tree.of([[symlink('l', 'd'), file('d/f')]]);
  assert.equal(tree.lookup('l')!.entry.type, 'symlink');
  assert.equal(tree.lookup('l/f'), undefined);
  assert.equal(tree.lookup('d/f/x'), undefined);
});

test('Tree.children() is sorted by bytes, and empty for what is no directory', () => {
  const tree = Tree.of([[file('d/b'), file('d/a'), file('d/ä'), file('d/B')]]);
  assert.deepEqual(tree.children('d'), ['B', 'a', 'b', 'ä']);
  assert.deepEqual(tree.children('d/a'), []);
  assert.deepEqual(tree.children('none'), []);
  assert.deepEqual(tree.children(''), ['d']);
});

test('Tree.walk() of a directory lists what is below it', () => {
  assert.deepEqual(
    [...Tree.of([base]).walk('a/d')].map(({ path }) => path),
    ['a/d/x'],
  );
  assert.deepEqual([...Tree.of([base]).walk('z')], []);
});

test('a hard link has the entry of its file', () => {
  const tree = Tree.of([[file('d/f', 'x'), hardlink('g', 'd/f'), hardlink('h', 'g')]]);
  for (const path of ['d/f', 'g', 'h']) {
    assert.deepEqual(tree.lookup(path)!.entry, file('d/f', 'x'));
    assert.deepEqual(tree.names(path), ['d/f', 'g', 'h']);
  }
});

test('a hard link to a file of a lower layer has its entry, and that layer', () => {
  const tree = Tree.of([base, [hardlink('n', 'a/f')]]);
  assert.equal(tree.lookup('n')!.layer, 0);
  assert.deepEqual(tree.names('a/f'), ['a/f', 'n']);
});

test('Tree.names() knows when a name has become another file', () => {
  const linked = Tree.of([[file('f', 'x'), hardlink('g', 'f'), hardlink('h', 'f')]]);
  const replaced = linked.apply([file('f', 'y'), whiteout('g')]);
  assert.deepEqual(replaced.names('h'), ['h']);
  assert.deepEqual(replaced.names('f'), ['f']);
  assert.deepEqual(replaced.names('g'), []);
  assert.deepEqual(linked.names('h'), ['f', 'g', 'h']);
});

for (const [title, index] of [
  ['to nothing', [hardlink('a', 'none')]],
  ['to a directory', [directory('d'), hardlink('a', 'd')]],
  ['to what comes later', [hardlink('a', 'f'), file('f')]],
  ['through a symlink', [file('d/f'), symlink('l', 'd'), hardlink('a', 'l/f')]],
] as const) {
  test(`Tree.apply() refuses a hard link ${title}`, () => {
    assert.throws(() => Tree.of([index]), failsWith('link-target-missing'));
  });
}

const links = Tree.of([
  [
    directory('usr/lib'),
    file('usr/lib/f'),
    symlink('lib', 'usr/lib'),
    symlink('abs', '/usr/lib'),
    symlink('up', '../../../usr'),
    symlink('usr/here', 'lib/../lib/f'),
    symlink('chain', 'abs/f'),
    symlink('dangling', 'no/such'),
    symlink('loop', 'loop2'),
    symlink('loop2', 'loop'),
    symlink('self', 'self/x'),
    symlink('rootlink', '/'),
  ],
]);
const resolved: [path: string, followLast: boolean, want: string, type: string | undefined][] = [
  ['', true, '', 'directory'],
  ['/', true, '', 'directory'],
  ['lib', true, 'usr/lib', 'directory'],
  ['lib', false, 'lib', 'symlink'],
  ['lib/', false, 'lib', 'symlink'],
  ['lib/f', false, 'usr/lib/f', 'file'],
  ['/abs/f', true, 'usr/lib/f', 'file'],
  ['up/lib/f', true, 'usr/lib/f', 'file'],
  ['usr/here', true, 'usr/lib/f', 'file'],
  ['chain', true, 'usr/lib/f', 'file'],
  ['lib/../x', true, 'usr/x', undefined],
  ['../../lib', true, 'usr/lib', 'directory'],
  ['a/b/../c', true, 'a/c', undefined],
  ['dangling', true, 'no/such', undefined],
  ['dangling/x', false, 'no/such/x', undefined],
  ['rootlink/lib/.', true, 'usr/lib', 'directory'],
  ['usr/lib/f/x', true, 'usr/lib/f/x', undefined],
  ['./usr//lib/', true, 'usr/lib', 'directory'],
];
for (const [path, followLast, want, type] of resolved) {
  test(`Tree.resolve() ${JSON.stringify(path)}${followLast ? '' : ', the last link not followed'}`, () => {
    const { path: at, entry } = links.resolve(path, { followLast });
    assert.deepEqual([at, entry?.type], [want, type]);
  });
}

for (const path of ['loop', 'self', 'loop2/x']) {
  test(`Tree.resolve() refuses ${path}, which never ends`, () => {
    assert.throws(() => links.resolve(path, { followLast: true }), failsWith('too-many-links'));
  });
}

test('Tree.resolve() to create refuses a file in the way', () => {
  assert.throws(() => links.resolve('lib/f/x', { followLast: true, create: true }), failsWith('not-a-directory'));
  assert.equal(links.resolve('dangling/x/y', { followLast: true, create: true }).path, 'no/such/x/y');
});
