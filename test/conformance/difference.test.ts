import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextTimes } from './case.ts';
import { differences } from './difference.ts';
import type { Node, ReadImage } from './image.ts';

const start = 2_000_000_000;
const file: Node = {
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 1000,
  size: 1,
  content: 'sha256 of a',
  xattrs: { 'user.a': 'b' },
};
const shared: Node = { ...file, content: 'sha256 of b' };
const image: ReadImage = {
  config: { Env: ['A=1'], Labels: { a: '1', b: '2' }, WorkingDir: '/' },
  history: [
    { created: 'then', created_by: 'A' },
    { created: 'then', created_by: 'B', empty_layer: true },
  ],
  diffIDs: ['sha256:1', 'sha256:2'],
  tree: new Map([
    ['d', { ...file, type: 'directory', mode: 0o755 }],
    ['d/f', file],
    ['d/g', shared],
    ['d/h', shared],
  ]),
};

/** What one thing that is other than in `image` is found as. */
const planted: readonly [name: string, other: ReadImage, at: readonly string[]][] = [
  ['nothing', image, []],
  ['a field of the configuration', withConfig({ WorkingDir: '/w' }), ['config.WorkingDir']],
  ['a field that is not there', withConfig({ WorkingDir: undefined }), ['config.WorkingDir']],
  ['a field more', withConfig({ User: 'x' }), ['config.User']],
  ['a list in other order', withConfig({ Env: ['B=1', 'A=1'] }), ['config.Env']],
  ['fields in other order', withConfig({ Labels: { b: '2', a: '1' } }), []],
  ['null is not what is absent', withConfig({ Cmd: null }), ['config.Cmd']],
  [
    'a history that is shorter',
    { ...image, history: image.history.slice(0, 1) },
    ['history[1].created_by', 'history[1].empty_layer'],
  ],
  ['a text of a history', withHistory({ created_by: 'C' }), ['history[0].created_by']],
  ['a time of a history', withHistory({ created: 'now' }), []],
  ['an empty layer in a history', withHistory({ empty_layer: true }), ['history[0].empty_layer']],
  ['a comment in a history', withHistory({ comment: 'x' }), ['history[0].comment']],
  ['fewer layers', { ...image, diffIDs: ['sha256:1'] }, ['layers']],
  ['other layers', { ...image, diffIDs: ['sha256:1', 'sha256:3'] }, []],
  ['a type', withFile({ type: 'symlink' }), ['tree/d/f.type']],
  ['a mode', withFile({ mode: 0o4644 }), ['tree/d/f.mode']],
  ['a user', withFile({ uid: 5 }), ['tree/d/f.uid']],
  ['a group', withFile({ gid: 5 }), ['tree/d/f.gid']],
  ['a time that is defined', withFile({ mtime: 1001 }), ['tree/d/f.mtime']],
  ['a size', withFile({ size: 2 }), ['tree/d/f.size']],
  ['a content', withFile({ content: 'other' }), ['tree/d/f.content']],
  ['an attribute', withFile({ xattrs: {} }), ['tree/d/f.xattrs']],
  ['the value of an attribute', withFile({ xattrs: { 'user.a': 'c' } }), ['tree/d/f.xattrs']],
  ['a file that is not there', withTree((tree) => tree.delete('d/f')), ['tree/d/f']],
  ['a file more', withTree((tree) => tree.set('x', { ...file })), ['tree/x']],
  [
    'a hard link that is a copy',
    withTree((tree) => tree.set('d/h', { ...shared })),
    ['tree/d/g.links', 'tree/d/h.links'],
  ],
  [
    'a hard link of another file',
    withTree((tree) => tree.set('x', shared)),
    ['tree/d/g.links', 'tree/d/h.links', 'tree/x'],
  ],
];

for (const [name, other, at] of planted) {
  test(`differences: ${name}`, () => {
    const found = (ours: ReadImage, theirs: ReadImage) => differences(ours, theirs, start).map((one) => one.at);
    assert.deepEqual(found(image, other), at);
    assert.deepEqual(found(other, image), at);
  });
}

test('differences: whose is which', () => {
  assert.deepEqual(differences(withFile({ uid: 1 }), withFile({ uid: 2 }), start), [
    { at: 'tree/d/f.uid', ours: 1, theirs: 2 },
  ]);
});

test('differences: a time of the build is not defined, where it is BuildKit that has it', () => {
  const [now, then] = [withFile({ mtime: start }), withFile({ mtime: start - 1 })];
  assert.deepEqual(differences(then, now, start), []);
  assert.deepEqual(
    differences(now, then, start).map((one) => one.at),
    ['tree/d/f.mtime'],
  );
});

test('differences: times of contexts are one time', () => {
  const [early, late] = [withFile({ mtime: contextTimes.first }), withFile({ mtime: contextTimes.last })];
  assert.deepEqual(differences(early, late, start), []);
  for (const mtime of [contextTimes.first - 1, contextTimes.last + 1, 0]) {
    assert.equal(differences(early, withFile({ mtime }), start).length, 1, String(mtime));
  }
});

function withConfig(config: object): ReadImage {
  return { ...image, config: { ...image.config, ...config } };
}

function withHistory(entry: object): ReadImage {
  return { ...image, history: [{ ...image.history[0], ...entry }, ...image.history.slice(1)] };
}

function withFile(fields: Partial<Node>): ReadImage {
  return withTree((tree) => tree.set('d/f', { ...file, ...fields }));
}

function withTree(change: (tree: Map<string, Node>) => unknown): ReadImage {
  const tree = new Map(image.tree);
  change(tree);
  return { ...image, tree };
}
