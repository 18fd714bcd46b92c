/** Operations that add a layer: what of the base is in their keys, and how their results hold it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLayer } from '../../../src/engine/op/layered.ts';
import type { CopyOp, ExecOp, MakeDirectoryOp, OpDefinition } from '../../../src/engine/op/op-definition.ts';
import type { Snapshot, SnapshotLayer } from '../../../src/engine/snapshot/snapshot.ts';
import { type DiffID, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { OpRig } from './op-rig.ts';

const layer = (name: string, blob = name): SnapshotLayer => ({
  blob: { mediaType: mediaTypes.layerTar, digest: digestOf(blob), size: 1 },
  diffID: digestOf(name) as string as DiffID,
});
const base: Snapshot = { layers: [layer('a'), layer('b')] };

const makeDirectory: MakeDirectoryOp = { kind: 'make-directory', path: '/d', user: '', mtime: 0 };
const copy: CopyOp = {
  kind: 'copy',
  source: { type: 'input' },
  patterns: [],
  inline: [{ name: 'f', content: '' }],
  exclude: [],
  destination: '/',
  parents: false,
  link: false,
  unpack: false,
  mtime: 0,
};
const exec: ExecOp = {
  kind: 'exec',
  args: ['x'],
  env: [],
  keylessEnv: [],
  cwd: '/',
  user: '',
  mounts: [],
  network: 'default',
  platform: { os: 'linux', architecture: 'amd64' },
};

const bases: readonly [title: string, other: Snapshot, isSame: boolean][] = [
  ['the same layers in other blobs', { layers: [layer('a'), layer('b', 'compressed')] }, true],
  ['another layer', { layers: [layer('a'), layer('c')] }, false],
  ['a layer less', { layers: [layer('a')] }, false],
  ['nothing', { layers: [] }, false],
];
for (const op of [makeDirectory, copy, exec] as const satisfies readonly OpDefinition[])
  for (const [title, other, isSame] of bases)
    test(`the key of ${op.kind} on ${title} is ${isSame ? 'the same' : 'another'}`, async () => {
      await using rig = await OpRig.open();
      const [one, two] = await Promise.all([base, other].map((on) => rig.key({ op }, on, { layers: [] })));
      assert.equal(one === two, isSame);
    });

test('a result on another base has the layers of that, and its own', () => {
  const result = { layers: [...base.layers, layer('new')] };
  const other = { layers: [layer('a'), layer('b', 'compressed')] };
  assert.deepEqual(oneLayer.onto(result, other), { layers: [...other.layers, layer('new')] });
  assert.deepEqual(oneLayer.baseOf(result), base);
});

for (const [title, other, isSame] of bases)
  test(`a base of ${title} is ${isSame ? 'the same' : 'another'}`, () => {
    assert.equal(oneLayer.isSame(base, other), isSame);
  });
