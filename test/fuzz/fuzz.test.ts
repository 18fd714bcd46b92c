import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { targets } from './targets.ts';
import { WatchedThread } from './watched.ts';

const seed = 5;

const thread = new WatchedThread();
after(() => thread[Symbol.asyncDispose]());

for (const target of targets) {
  describe(`hostile input: ${target.name}`, () => {
    target.rows.forEach(({ title, want }, index) => {
      test(title, async () => {
        const { find, values, reasons } = await thread.runRow(target, index);
        assert.equal(find, undefined);
        assert.deepEqual(values === 1 ? 'value' : Object.keys(reasons), want);
      });
    });

    test('a slice of generated inputs ends with values and typed failures', async () => {
      const { find, values, runs } = await thread.runSlice(target, seed, target.slice ?? 150);
      assert.equal(find, undefined);
      // Inputs of one kind only would show nothing about the other.
      assert.ok(values > 0 && values < runs, `${values} of ${runs} inputs gave a value`);
    });
  });
}
