import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageOfParentKey, parentKey } from '../../../src/orchestrator/key/parent-key.ts';

for (const platform of [undefined, 'linux/arm64', 'linux/arm/v7']) {
  test(`the name of a parent is told from its key, for ${platform ?? 'the platform of the image'}`, () => {
    for (const name of ['tool', 'tool-2', 'a/b', 'a.b_c'])
      assert.equal(imageOfParentKey(parentKey(name, platform)), name);
    assert.equal(new Set(['a', 'b'].flatMap((name) => [parentKey(name), parentKey(name, platform ?? 'x')])).size, 4);
  });
}
