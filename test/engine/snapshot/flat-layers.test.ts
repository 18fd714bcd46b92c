import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatLayers } from '../../../src/engine/snapshot/layers.ts';

const cases: readonly [layers: number, flat: number][] = [
  [0, 0],
  [1, 0],
  [480, 0],
  [481, 256],
  [736, 256],
  [737, 512],
  [3001, 2560],
];
for (const [layers, flat] of cases)
  test(`of ${layers} layers ${flat} are unpacked into one directory`, () => assert.equal(flatLayers(layers), flat));

test('overlayfs takes what is left, whatever the number of layers', () => {
  for (let layers = 0; layers < 5000; layers += 1) {
    const lower = layers - flatLayers(layers) + (flatLayers(layers) > 0 ? 1 : 0);
    assert.ok(lower <= 500 && flatLayers(layers) <= layers, `${layers}`);
  }
});
