import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import { LiveRenderer } from '../../../src/cli/render/live.ts';
import type { ProgressEvent } from '../../../src/progress.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A terminal of 100 columns, and what was written to it: every frame, one after the other. */
function terminal() {
  const written = { text: '' };
  const stream = new PassThrough();
  stream.on('data', (part: Buffer) => {
    written.text += part.toString('utf8');
  });
  return {
    written,
    stream: Object.assign(stream, { columns: 100, rows: 30, isTTY: true }) as unknown as NodeJS.WriteStream,
  };
}

/** The lines that remain after these events, each followed by a moment for a frame. */
async function remaining(
  images: readonly string[],
  events: readonly ProgressEvent[],
  lastEvent: 'image-finished' | 'image-pushed' = 'image-finished',
): Promise<{ last: string[]; all: string }> {
  const { written, stream } = terminal();
  const renderer = new LiveRenderer({ stream, now: () => 0, colors: new Chalk({ level: 0 }) });
  renderer.begin({ title: 'Building', images, lastEvent });
  for (const event of events) {
    renderer.emit(event);
    await setTimeout(25);
  }
  await renderer.close();
  const all = written.text;
  const lastFrame = all.slice(all.lastIndexOf('\u001b[2K'));
  const last = stripVTControlCharacters(lastFrame).split('\n').filter(Boolean);
  // The last frame may be drawn twice, with nothing cleared between.
  return { all: stripVTControlCharacters(all), last: [...new Set(last)] };
}

test('live progress: each image keeps a line that says how it ended', async () => {
  const { last } = await remaining(
    ['base', 'web-dev', 'jq', 'app'],
    [
      { type: 'image-started', image: 'base', platforms: ['linux/amd64'], why: 'new' },
      { type: 'image-finished', image: 'base', digest, duration: 1200 },
      { type: 'image-skipped', image: 'jq', why: 'same content' },
      { type: 'image-started', image: 'web-dev', platforms: ['linux/amd64'], why: 'new' },
      { type: 'image-failed', image: 'web-dev', message: 'RUN exited with 3' },
    ],
  );
  assert.deepEqual(
    last.map((line) => line.slice(2)),
    [
      'base     1.2s  sha256:0123456789ab',
      'web-dev  RUN exited with 3',
      'jq       same content',
      'app      not finished',
    ],
  );
});

test('live progress: the step that runs, and the last line of its output', async () => {
  const { all } = await remaining(
    ['base'],
    [
      { type: 'image-started', image: 'base', platforms: ['linux/amd64'], why: 'new' },
      { type: 'step-started', image: 'base', step: 's', name: '[1/2] RUN make' },
      { type: 'step-output', image: 'base', step: 's', stream: 'stdout', text: 'first\nsecond\nthi' },
      { type: 'image-finished', image: 'base', digest, duration: 1 },
    ],
  );
  assert.match(all, /base {2}0\.0s {2}\[1\/2\] RUN make\n {2}› second\n/);
  assert.doesNotMatch(all, /first|thi$/m);
});

test('live progress: where images are copied, that is their end, and how much is there is shown before', async () => {
  const { all, last } = await remaining(
    ['base'],
    [
      { type: 'image-started', image: 'base', platforms: ['linux/amd64'], why: 'new' },
      { type: 'image-finished', image: 'base', digest, duration: 1500 },
      { type: 'blob-progress', image: 'base', digest: 'sha256:a', done: 1_000_000, total: 2_000_000, state: 'copying' },
      { type: 'blob-progress', image: 'base', digest: 'sha256:b', done: 100_000, total: 2_100_000, state: 'copying' },
      { type: 'image-pushed', image: 'base', reference: 'r/base', digest },
    ],
    'image-pushed',
  );
  assert.match(all, /base {2}1\.5s {2}copying\n/);
  assert.match(all, /base {2}1\.5s {2}1\.1 MB of 4\.1 MB\n/);
  assert.deepEqual(
    last.map((line) => line.slice(2)),
    ['base  1.5s  sha256:0123456789ab'],
  );
});

test('live progress: messages wait for the end of what moves', async () => {
  const { last } = await remaining(
    ['base'],
    [
      { type: 'warning', image: 'base', message: 'careful' },
      { type: 'image-finished', image: 'base', digest, duration: 1 },
    ],
  );
  assert.deepEqual(last.slice(-1), ['warning: base: careful']);
});

test('live progress: without images only the title', async () => {
  const { all } = await remaining([], [{ type: 'notice', message: 'nothing to do' }]);
  assert.equal(all, 'Building\nnothing to do\n');
});

test('live progress: output that would steer the terminal is text', async () => {
  const { written, stream } = terminal();
  const renderer = new LiveRenderer({ stream, now: () => 0, colors: new Chalk({ level: 0 }) });
  renderer.begin({ title: 'Building', images: ['base'], lastEvent: 'image-finished' });
  renderer.emit({ type: 'image-started', image: 'base', platforms: ['linux/amd64'], why: 'new' });
  renderer.emit({ type: 'step-started', image: 'base', step: 's', name: '[1/2] RUN make' });
  const text = '\u001b[38;5;201mred\u001b]0;title\u0007 \u202eback\u0008\n';
  for (let tries = 0; !written.text.includes('red') && tries < 1000; tries++) {
    renderer.emit({ type: 'step-output', image: 'base', step: 's', stream: 'stdout', text });
    await setTimeout(10);
  }
  await renderer.close();
  assert.ok(written.text.includes(String.raw`red \u202eback\u0008`), JSON.stringify(written.text));
  assert.doesNotMatch(written.text, /38;5;201|title|\u202e/);
});
