import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageOp } from '../../../src/engine/op/op-definition.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { OpRig } from './op-rig.ts';

const layer = (text: string, mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip') => ({
  blob: { mediaType, digest: digestOf(`blob of ${text}`), size: text.length },
  diffID: digestOf(text),
});
const image = (more: Partial<ImageOp> = {}): ImageOp => ({
  kind: 'image',
  manifest: digestOf('manifest'),
  layers: [layer('a'), layer('b')],
  ...more,
});
const origin = { registry: 'r.example', repository: 'a/b' };

test('an image is its layers, which are not looked at', async () => {
  await using rig = await OpRig.open();
  const { layers } = await rig.exec({ op: image() }, []);
  assert.deepEqual(
    layers,
    [layer('a'), layer('b')].map((one) => ({ ...one, origin: undefined })),
  );
});

test('each layer knows where it can be fetched', async () => {
  await using rig = await OpRig.open();
  const { layers } = await rig.exec({ op: image({ origin }) }, []);
  assert.deepEqual(
    layers.map((one) => one.origin),
    [origin, origin],
  );
});

test('scratch is nothing at all', async () => {
  await using rig = await OpRig.open();
  assert.deepEqual(await rig.exec({ op: { kind: 'scratch' } }, []), { layers: [] });
});

const keys: readonly [title: string, other: ImageOp, isSame: boolean][] = [
  ['another manifest with the same layers', image({ manifest: digestOf('other') }), true],
  // Images on it say which blobs, and those are fetched from there: the first that came must not decide for all.
  ['another place', image({ origin }), false],
  ['other blobs of the same layers', image({ layers: [layer('a'), { ...layer('b'), blob: layer('x').blob }] }), false],
  ['another layer', image({ layers: [layer('a'), layer('c')] }), false],
  ['another order', image({ layers: [layer('b'), layer('a')] }), false],
  ['a layer more', image({ layers: [layer('a'), layer('b'), layer('c')] }), false],
  ['no layer', image({ layers: [] }), false],
];
for (const [title, other, isSame] of keys)
  test(`the key of an image ${isSame ? 'does not know' : 'knows'} ${title}`, async () => {
    await using rig = await OpRig.open();
    assert.equal((await rig.key({ op: image() })) === (await rig.key({ op: other })), isSame);
  });

test('scratch and an image without layers have keys of their own', async () => {
  await using rig = await OpRig.open();
  assert.notEqual(await rig.key({ op: { kind: 'scratch' } }), await rig.key({ op: image({ layers: [] }) }));
});
