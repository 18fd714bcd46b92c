/** Whether each fault is noticed takes long to find out (`npm run mutants`); whether it can be planted does not. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.ts';
import { allFaults, planted } from './all-faults.ts';

test('each fault fits the code, and its tests are there', async () => {
  const faults = await allFaults();
  const wrong: string[] = [];
  for (const fault of faults) {
    const result = await planted(fault);
    if ('problem' in result) wrong.push(`${fault.group}: ${fault.name}: ${result.problem}`);
    for (const file of fault.tests.filter((one) => !existsSync(join(root, one))))
      wrong.push(`${fault.group}: ${fault.name}: there is no ${file}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(
    new Set(faults.map(({ group, name }) => `${group}: ${name}`)).size,
    faults.length,
    'names are not unique',
  );
});
