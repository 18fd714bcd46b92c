import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIndex, serializeIndex } from '../../src/layer/index-codec.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from './entries.ts';

const xattrs = { 'user.a': 'YQ==' };
const device = { path: 'dev/x', mode: 0o660, uid: 0, gid: 6, mtime: 5, major: 8, minor: 1 };
const cases: [title: string, index: LayerEntry[]][] = [
  ['nothing', []],
  ['a file', [file('a "b"\n\\ä', 'x', { uid: 7, gid: 8, mtime: -9, mode: 0o4755 })]],
  ['a file with attributes', [file('a', 'x', { xattrs })]],
  ['directories', [directory('d', { mode: 0o1777 }), directory('e', { xattrs })]],
  ['symlinks', [symlink('l', '../x'), symlink('m', '/y', { xattrs })]],
  ['a hard link', [hardlink('h', 'a')]],
  [
    'devices',
    [
      { type: 'char-device', ...device },
      { type: 'block-device', ...device, xattrs },
    ],
  ],
  ['FIFOs', [{ type: 'fifo', path: 'p', mode: 0o600, uid: 1, gid: 2, mtime: 3 }]],
  ['marks', [whiteout('w'), opaque(''), opaque('o')]],
];
for (const [title, index] of cases) {
  test(`parseIndex() reads what serializeIndex() wrote: ${title}`, () => {
    assert.deepEqual(parseIndex(serializeIndex(index)), { ok: true, value: index });
  });
}

const text = serializeIndex([file('a'), directory('b')]);
const damaged: [title: string, text: string][] = [
  ['an empty text', ''],
  ['a text cut within a line', text.slice(0, -4)],
  ['a text cut after a line', text.slice(0, text.trimEnd().lastIndexOf('\n') + 1)],
  ['another version', text.replace('/v1', '/v2')],
  ['a letter not known', text.replace('["d"', '["?"')],
  ['a digest that is none', text.replace(/[0-9a-f]{64}/, 'x')],
  ['a letter that every object has', text.replace('"d"', '"constructor"')],
  ['a path that is no text', text.replace('"b"', '1')],
  ['a path out of the root', text.replace('"b"', '"../b"')],
  ['an owner below zero', text.replace(',493,0', ',493,-1')],
  ['a row with more than belongs there', text.replace(/]\n$/, ',{},1]\n')],
  ['other JSON', '{"schema":"cip.layer-index/v1"}\n'],
];
for (const [title, bad] of damaged) {
  test(`parseIndex() refuses ${title}`, () => {
    const result = parseIndex(bad);
    assert.deepEqual(result.ok ? undefined : result.failure.map(({ reason }) => reason), ['layer-index-invalid']);
  });
}

test('serializeIndex() is one line per entry', () => {
  assert.equal(
    serializeIndex([whiteout('a'), directory('b', { mode: 0o700, mtime: 4 })]),
    '["cip.layer-index/v1",2]\n["w","a"]\n["d","b",448,0,0,4]\n',
  );
});
