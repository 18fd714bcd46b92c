import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Progress, type ProgressEvent, progressOf, watched } from '../../src/progress.ts';

async function toldOf(watchesWork: boolean | undefined, work: () => Promise<number>) {
  const told: ProgressEvent[] = [];
  const progress: Progress = { watchesWork, emit: (event) => told.push(event) };
  const what = { kind: 'pack', name: 'layer', made: (size: number) => ({ size }) } as const;
  const result = await watched({ progress: progressOf(progress, { image: 'a' }), ...what }, work).catch(String);
  return { result, told };
}

test('work: nothing is told where nobody watches, and its result is what it is', async () => {
  for (const nobody of [undefined, false]) {
    assert.deepEqual(await toldOf(nobody, async () => 3), { result: 3, told: [] });
    assert.deepEqual(await toldOf(nobody, () => Promise.reject(new Error('no'))), { result: 'Error: no', told: [] });
  }
});

test('work: when it begins, and when it ends, however it does', async () => {
  const work = { image: 'a', kind: 'pack', name: 'layer' } as const;
  assert.deepEqual(await toldOf(true, async () => 3), {
    result: 3,
    told: [
      { type: 'work-started', ...work },
      { type: 'work-finished', ...work, size: 3 },
    ],
  });
  assert.deepEqual(await toldOf(true, () => Promise.reject(new Error('no'))), {
    result: 'Error: no',
    told: [
      { type: 'work-started', ...work },
      { type: 'work-finished', ...work, isFailed: true },
    ],
  });
});
