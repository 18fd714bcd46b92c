/** No skip lies: generated projects, one edit apart. A longer run: `npm run keys -- --minutes=60`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { tryPairs } from './pairs.ts';

test('what is up to date, cached or built anew is one image', needs('busybox', 'user namespaces'), async () => {
  const { pairs, built, changed, lies } = await tryPairs(1, 60);
  assert.deepEqual(lies, []);
  // Else nothing was tried.
  assert.ok(built > pairs / 4 && changed > built / 5 && changed < built, JSON.stringify({ pairs, built, changed }));
});
