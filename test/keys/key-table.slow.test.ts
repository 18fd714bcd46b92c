/**
 * What must change a build key, and what must not: each row is a project and one edit of it. All rows are built as one
 * project, before the edit and after it in three ways, which must give the same bytes. A row whose key stays must be up to
 * date, and what is up to date must be what an empty store gives.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { untold } from './pairs.ts';
import { rows } from './rows.ts';
import { buildThreeWays, type Verdict } from './three-ways.ts';
import { tools } from './tools.ts';

const skipped = rows.map((row) => needs(...(row.needs ?? [])).skip);
const names = rows.map((_, index) => `row${index}`);

describe('the table of build keys', () => {
  let verdicts: ReadonlyMap<string, Verdict>;
  before(async () => {
    const pairs = rows.flatMap((row, index) => (skipped[index] ? [] : [{ ...row, id: names[index]! }]));
    verdicts = await buildThreeWays(pairs, { shared: tools() });
  });

  for (const [index, { title, key }] of rows.entries()) {
    test(`${key}: ${title}`, { skip: skipped[index]! }, () => {
      const verdict = verdicts.get(names[index]!)!;
      const { before: old, cached, uncached, fresh, changed, why } = verdict;
      assert.ok(old !== undefined && fresh !== undefined, `it does not build: ${JSON.stringify(verdict)}`);
      assert.deepEqual({ cached, uncached }, { cached: fresh, uncached: fresh });
      assert.deepEqual(
        { changed, sameImage: old === fresh },
        { changed: key === 'changes', sameImage: key === 'stays' },
      );
      if (key === 'changes') assert.ok(why !== undefined && !untold.has(why), `cip why says ${why}`);
    });
  }
});
