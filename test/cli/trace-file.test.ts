import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TraceFile } from '../../src/cli/trace-file.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Span {
  readonly name: string;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** `name lane from-to` of each span in milliseconds, after the events, a millisecond apart, have come. */
async function spansOf(events: readonly ProgressEvent[]) {
  await using directory = await tempDir();
  let time = 5;
  const trace = new TraceFile(join(directory.path, 'trace.json'), { clock: () => time, pid: 7 });
  for (const event of events) {
    time++;
    trace.emit(event);
    if (event.type === 'image-started') trace.begin('Building');
  }
  time++;
  await trace.write();
  assert.deepEqual(await readdir(directory.path), ['trace.json']);
  const { traceEvents } = JSON.parse(await readFile(join(directory.path, 'trace.json'), 'utf8'));
  return traceEvents.map(
    ({ name, tid, ts, dur, args }: Span) =>
      `${name} ${tid} ${ts / 1000}-${(ts + dur) / 1000}${args['cache'] ? ` ${args['cache']}` : ''}${args['failed'] ? ' failed' : ''}`,
  );
}

const started = { type: 'image-started', image: 'a', platforms: [], why: 'missing' } as const;
const step = (name: string) => ({ type: 'step-started', image: 'a', step: name, name }) as const;
const finished = (name: string) => ({ type: 'step-finished', image: 'a', step: name, duration: 1 }) as const;
const blob = (done: number) =>
  ({ type: 'blob-progress', image: 'a', digest: 'd', done, total: 2, state: done < 2 ? 'copying' : 'copied' }) as const;

test('a trace: spans that overlap are on lanes of their own, and lanes are used again', async () => {
  const cached = { type: 'step-cached', image: 'a', step: 'c', name: 'c' } as const;
  const done = { type: 'image-finished', image: 'a', duration: 1 } as const;
  assert.deepEqual(
    await spansOf([started, cached, step('x'), step('y'), finished('x'), blob(1), blob(2), finished('y'), done]),
    [
      'cip 1 0-10',
      'look, hash and decide 1 0-1',
      'a 2 1-9',
      'Building 1 1-10',
      'c 2 2-2 hit',
      'x 2 3-5 miss',
      'y 3 4-8 miss',
      'd 2 6-7',
    ],
  );
});

test('a trace: what failed, and what was under way when the run was stopped, ends', async () => {
  const failed = { type: 'image-failed', image: 'a', message: 'no' } as const;
  assert.deepEqual(await spansOf([started, step('x'), failed]), [
    'cip 1 0-4',
    'look, hash and decide 1 0-1',
    'a 2 1-3 failed',
    'Building 1 1-4',
    'x 2 2-3 miss failed',
  ]);
  assert.deepEqual(await spansOf([step('x')]), ['cip 1 0-2', 'look, hash and decide 1 0-2', 'x 2 1-2 miss']);
});

test('a trace: a file that cannot be written leaves nothing', async () => {
  await using directory = await tempDir();
  const trace = new TraceFile(join(directory.path, 'none', 'trace.json'), { clock: () => 0, pid: 7 });
  await assert.rejects(trace.write());
  assert.deepEqual(await readdir(directory.path), []);
});

test('a trace: the first phase begins with the run, however fast the clock is', async () => {
  await using directory = await tempDir();
  let time = 0;
  const trace = new TraceFile(join(directory.path, 'trace.json'), { clock: () => time++, pid: 7 });
  trace.begin('Building');
  await trace.write();
  const { traceEvents } = JSON.parse(await readFile(join(directory.path, 'trace.json'), 'utf8'));
  const [run, ...phases] = traceEvents as readonly Span[];
  assert.equal(
    phases.reduce((sum, { dur }) => sum + dur, 0),
    run?.dur,
  );
});

test('a trace: what is a part of a step or an image lies within it', async () => {
  const pack = { image: 'a', step: 'x', kind: 'pack', name: 'layer' } as const;
  const send = { image: 'a', kind: 'send', name: 'a' } as const;
  const done = { type: 'image-finished', image: 'a', duration: 1 } as const;
  assert.deepEqual(
    await spansOf([
      started,
      step('x'),
      { type: 'work-started', ...pack },
      // Its end never comes.
      finished('x'),
      { type: 'work-started', ...send },
      done,
      blob(1),
      blob(2),
      { ...blob(2), digest: 'e', state: 'present' },
      { type: 'work-finished', ...send, isFailed: true },
    ]),
    [
      'cip 1 0-11',
      'look, hash and decide 1 0-1',
      'a 2 1-6',
      'Building 1 1-11',
      'x 2 2-4 miss',
      'layer 2 3-4',
      'a 3 5-10 failed',
      'd 3 7-8',
      'e 3 9-9',
    ],
  );
});
