/** Cases run in one store and in any order: what one leaves in a cache mount must not be what another finds there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCases } from './case.ts';

/** What tells the caches of a Dockerfile apart: the id, else the target. */
function cachesIn(dockerfile: string): ReadonlySet<string> {
  const mounts = dockerfile.matchAll(/--mount=(\S*\btype=cache\S*)/g);
  return new Set(
    [...mounts].map(([, options = '']) => {
      const values = new Map(options.split(',').map((option) => option.split(/=(.*)/s, 2) as [string, string]));
      return values.get('id') ?? values.get('target') ?? '';
    }),
  );
}

test('no two cases use one cache', async () => {
  const users = new Map<string, string[]>();
  for (const { name, folder, args } of await findCases()) {
    // Nothing is left by a case that is refused.
    if (args.refused.length > 0) continue;
    for (const cache of cachesIn(await readFile(join(folder, 'Dockerfile'), 'utf8'))) {
      users.set(cache, [...(users.get(cache) ?? []), name]);
    }
  }
  assert.ok(users.size > 10, 'no caches were found');
  assert.deepEqual(
    [...users].filter(([, names]) => names.length > 1),
    [],
  );
});
