/** Whoever reads what cip writes gets all of it, however slow. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { flushed } from '../../src/cli/flushed.ts';
import { Rig } from '../support/rig.ts';

/** Takes each piece when it is told to. */
class Reader extends Writable {
  taken = '';
  #waiting: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting = () => {
      this.taken += chunk.toString();
      done();
    };
  }

  take(): void {
    this.#waiting?.();
  }
}

test('what was written is waited for, piece by piece', async () => {
  const reader = new Reader();
  for (const text of ['a', 'b', 'c']) reader.write(text);
  let isDone = false;
  const done = flushed([reader]).then(() => {
    isDone = true;
  });
  for (const taken of ['', 'a', 'ab']) {
    assert.deepEqual([reader.taken, isDone], [taken, false]);
    reader.take();
    await new Promise(setImmediate);
  }
  // What tells that all is written is itself written.
  reader.take();
  await done;
  assert.equal(reader.taken, 'abc');
});

test('nothing is waited for where all is written, or the reader is gone', async () => {
  const gone = new Reader();
  gone.write('a');
  gone.destroy();
  await flushed([new Reader(), gone]);
});

test('a reader that takes nothing is left after a while, where there is a limit', async () => {
  const reader = new Reader();
  reader.write('a');
  await flushed([reader], 1);
  assert.equal(reader.taken, '');
});

test('a pipe that is read late has the whole result', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      [`contexts/00-${'long-name-'.repeat(9)}${index}/info.edn`, '{:version "1.0.0"}\n'],
      [`contexts/00-${'long-name-'.repeat(9)}${index}/Dockerfile`, 'FROM scratch\nLABEL a=b\n'],
    ]).flat(),
  );
  await using rig = await Rig.setup({ files });
  const now = await rig.cip('graph', '--format=json');
  const late = await rig.cip('graph', '--format=json', { through: ['sh', '-c', '"$@" | { sleep 1; cat; }', 'sh'] });
  assert.ok(now.stdout.length > 1 << 16, `${now.stdout.length} characters`);
  assert.equal(late.stdout, now.stdout);
});
