import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonRenderer } from '../../../src/cli/render/json.ts';

test('json progress: one object per line, with its time', async () => {
  let text = '';
  const renderer = jsonRenderer(
    (part) => {
      text += part;
    },
    () => 1_700_000_000_123,
  );
  renderer.begin({ title: 'Building 1 image', images: ['web'], lastEvent: 'image-finished' });
  renderer.emit({ type: 'step-output', image: 'web', step: 's', stream: 'stderr', text: 'two\nlines\n' });
  await renderer.close();
  const time = '2023-11-14T22:13:20.123Z';
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { time, type: 'run-started', title: 'Building 1 image', images: ['web'] },
      { time, type: 'step-output', image: 'web', step: 's', stream: 'stderr', text: 'two\nlines\n' },
    ],
  );
});
