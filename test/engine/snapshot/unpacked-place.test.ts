/** Which stacks and processes have the files of an unpacked layer in one directory, and which have their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stack } from '../../../src/engine/snapshot/layer-contents.ts';
import { flatPlaceName, placeName, type UnpackedBy } from '../../../src/engine/snapshot/unpacked-place.ts';
import type { LayerEntry, LayerIndex } from '../../../src/layer/layer-entry.ts';
import { chainIDsOf } from '../../../src/oci/chain-id.ts';
import { type DiffID, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';

const owned = { uid: 0, gid: 0, mode: 0o755, mtime: 0 };
const directory = (path: string): LayerEntry => ({ type: 'directory', path, ...owned });
const fifo = (path: string): LayerEntry => ({ type: 'fifo', path, ...owned });
const device = (path: string): LayerEntry => ({ type: 'char-device', path, ...owned, major: 1, minor: 3 });

function stackOf(...names: readonly string[]): Stack {
  const diffIDs = names.map((name) => digestOf(name) as string as DiffID);
  const layers = diffIDs.map((diffID) => ({
    blob: { mediaType: mediaTypes.layerTar, digest: digestOf(diffID), size: 1 },
    diffID,
  }));
  return { layers, chain: chainIDsOf(diffIDs) };
}

const here: UnpackedBy = { owners: '', makesDevices: true, makesWhiteouts: true };
const one = stackOf('below', 'it');
const other = stackOf('else', 'it');

const indexes: readonly [title: string, index: LayerIndex, isShared: boolean][] = [
  ['nothing', [], true],
  ['files of the root', [fifo('f')], true],
  ['directories and what is in them', [directory('d'), directory('d/e'), fifo('d/e/f')], true],
  ['a file of a directory that it leaves out', [fifo('d/f')], false],
  ['a directory of one that it leaves out', [directory('d/e')], false],
  ['a directory that comes after what is in it', [fifo('d/f'), directory('d')], false],
  ['a file in place of a directory, and what is in that', [directory('d'), fifo('d'), fifo('d/f')], false],
  ['a whiteout', [{ type: 'whiteout', path: 'f' }], false],
  ['a device that is like a whiteout', [{ ...device('d'), major: 0, minor: 0 } as LayerEntry], false],
  ['an opaque directory', [directory('d'), { type: 'opaque', path: 'd' }], false],
];
for (const [title, index, isShared] of indexes)
  test(`a layer with ${title} is unpacked ${isShared ? 'once' : 'for each stack'}`, () => {
    const names = [one, other].map((stack) => placeName(stack, { count: 2, index }, here));
    assert.equal(new Set(names).size, isShared ? 1 : 2);
  });

test('a layer with a device is unpacked for each stack where the device cannot be made: it may stand in place of something', () => {
  const index = [device('d')];
  for (const makesDevices of [true, false]) {
    const names = [one, other].map((stack) => placeName(stack, { count: 2, index }, { ...here, makesDevices }));
    assert.equal(new Set(names).size, makesDevices ? 1 : 2);
  }
});

const processes: readonly [title: string, index: LayerIndex, by: UnpackedBy, isShared: boolean][] = [
  ['the same owners', [fifo('f')], here, true],
  ['other owners', [fifo('f')], { ...here, owners: 'one-id' }, false],
  ['no whiteouts, and none in the layer', [fifo('f')], { ...here, makesWhiteouts: false }, true],
  ['no whiteouts, and one in the layer', [{ type: 'whiteout', path: 'f' }], { ...here, makesWhiteouts: false }, false],
  ['no devices, and none in the layer', [fifo('f')], { ...here, makesDevices: false }, true],
  [
    'no devices, and one in a layer with a whiteout',
    [device('f'), { type: 'whiteout', path: 'g' }],
    { ...here, makesDevices: false },
    false,
  ],
  ['no devices, and one in the layer', [device('f')], { ...here, makesDevices: false }, false],
];
for (const [title, index, by, isShared] of processes)
  test(`a process with ${title} has ${isShared ? 'the same place' : 'a place of its own'}`, () => {
    const names = [here, by].map((process) => placeName(one, { count: 2, index }, process));
    assert.equal(new Set(names).size, isShared ? 1 : 2);
  });

test('many layers in one directory: for each stack, with devices or without, and each kind of owners', () => {
  const names = [
    flatPlaceName(one, 2, here),
    flatPlaceName(other, 2, here),
    flatPlaceName(one, 1, here),
    flatPlaceName(one, 2, { ...here, makesDevices: false }),
    flatPlaceName(one, 2, { ...here, owners: 'one-id' }),
  ];
  assert.equal(new Set(names).size, names.length);
});
