import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { RememberedSteps } from '../../../src/engine/cache/remembered-steps.ts';
import { compactRecords } from '../../../src/store/record-care.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const step = (text: string, value: string) => ({
  kind: 'exec',
  stage: '0',
  text,
  parts: [['args', value] satisfies [string, string]],
});

test('the latest runs of each instruction are kept, and no more', async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const steps = new RememberedSteps(store);
  for (let run = 0; run < 6; run += 1) await steps.add('app', 'linux/amd64', [step('RUN a', `${run}`)]);
  await steps.add('app', 'linux/amd64', [step('RUN b', '0'), step('RUN a', '3')]);
  const values = (await steps.of('app', 'linux/amd64')).map(({ text, parts }) => `${text} ${parts[0]![1]}`);
  assert.deepEqual(values, ['RUN a 4', 'RUN a 5', 'RUN b 0', 'RUN a 3']);
  assert.deepEqual(await steps.of('app', 'linux/arm64'), [], 'another platform has its own');
  assert.deepEqual(await new RememberedSteps(store).of('other', 'linux/amd64'), []);
});

test('what is remembered does not grow for ever', async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const steps = new RememberedSteps(store);
  const large = 'x'.repeat(100_000);
  for (let run = 0; run < 20; run += 1) await steps.add('app', 'linux/amd64', [step(`RUN ${run}`, large)]);
  const kept = await steps.of('app', 'linux/amd64');
  assert.deepEqual(
    kept.map(({ text }) => text),
    ['RUN 15', 'RUN 16', 'RUN 17', 'RUN 18', 'RUN 19'],
  );
  const [name] = (await readdir(store.paths.records)).filter((one) => one.startsWith('step-parts'));
  const log = join(store.paths.records, name!);
  assert((await stat(log)).size > 4 << 20, 'what others have superseded is there until the store is cared for');
  await compactRecords(store, { isForced: false, empties: false }, new AbortController().signal);
  assert((await stat(log)).size < 1 << 20);
  assert.deepEqual(await new RememberedSteps(store).of('app', 'linux/amd64'), kept);
});
