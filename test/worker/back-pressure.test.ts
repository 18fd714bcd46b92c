/** What steps print to a reader that does not read: they wait, all of it arrives in the end, and a cancellation ends them. */
import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { keptUp } from '../../src/cli/kept-up.ts';
import type { Progress } from '../../src/progress.ts';
import { WorkerBuilder } from '../../src/worker/worker-builder.ts';
import { needs } from '../support/needs.ts';
import { self } from './people.ts';
import { noEngine, plainRequest } from './person-builder.ts';

const module = new URL(`./toy-engine${extname(import.meta.url)}`, import.meta.url).href;
const TIMES = 40_000;
/** Messages that are on their way when a reader stops; each is 1 KiB. */
const ON_THEIR_WAY = 8000;
/** Milliseconds without a message after which nothing more is on its way. */
const QUIET = 150;

/** A reader that takes 2,000 messages, and then none until nothing comes any more. */
class LazyReader implements Progress {
  received = 0;
  pauses = 0;
  /** The most that came in one pause. */
  most = 0;
  #inPause = 0;
  #sincePause = 0;
  #pause: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onPause: () => void;

  constructor(onPause: () => void = () => {}) {
    this.#onPause = onPause;
  }

  emit({ type }: Parameters<Progress['emit']>[0]): void {
    // Of what this machine lacks, before the build begins.
    if (type === 'warning') return;
    this.received += 1;
    this.#sincePause += 1;
    if (this.#pause !== undefined) {
      this.#inPause += 1;
      this.most = Math.max(this.most, this.#inPause);
      this.#restart();
    }
  }

  taken(): Promise<void> | undefined {
    if (this.#pause === undefined && this.#sincePause >= 2000) {
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      this.#pause = { ended, end };
      this.#inPause = 0;
      this.pauses += 1;
      this.#restart();
      this.#onPause();
    }
    return this.#pause?.ended;
  }

  #restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pause?.end();
      this.#pause = undefined;
      this.#sincePause = 0;
    }, QUIET);
  }
}

describe('a step that prints much', needs('linux', 'user namespaces'), () => {
  const open = () =>
    new WorkerBuilder({
      engine: noEngine,
      module,
      isolation: 'namespaces',
      user: self,
      env: { PATH: process.env['PATH']! },
    });
  const order = plainRequest({ do: 'talk', times: String(TIMES) });

  test('waits for a reader that is behind, and nothing is lost', async () => {
    const builder = open();
    try {
      const reader = new LazyReader();
      await builder.build(order, reader, new AbortController().signal);
      // One more: the engine says what it did.
      assert.equal(reader.received, TIMES + 1);
      assert.ok(reader.pauses > 1);
      assert.ok(reader.most < ON_THEIR_WAY, `${reader.most} came while nobody read`);
    } finally {
      await builder.close();
    }
  });

  test('ends when it is cancelled, though nobody reads', async () => {
    const builder = open();
    try {
      assert.equal(await described(builder), 1);
      const abort = new AbortController();
      let isAbandoned = false;
      const progress = {
        emit() {},
        taken() {
          if (!isAbandoned) setTimeout(() => abort.abort(new Error('enough')), QUIET);
          isAbandoned = true;
          return new Promise<void>(() => {});
        },
      };
      await assert.rejects(builder.build(order, progress, abort.signal), /enough/);
      // The same worker: it did not have to be killed.
      assert.equal(await described(builder), 2);
    } finally {
      await builder.close();
    }
  });
});

/** How often the worker was asked this. */
async function described(builder: WorkerBuilder): Promise<number> {
  const texts: string[] = [];
  const progress: Progress = { emit: (event) => void (event.type === 'step-output' && texts.push(event.text)) };
  await builder.build(plainRequest({ do: 'describe' }), progress, new AbortController().signal);
  return (JSON.parse(texts.at(-1)!) as { described: number }).described;
}

test('keptUp() waits for a reader with much to read, until it has read or is gone', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 });
  assert.equal(keptUp(stream), undefined);
  stream.write('x'.repeat(1024 * 1024));
  stream.write('x'.repeat(1024 * 1024));
  const waiting = keptUp(stream);
  assert.ok(waiting instanceof Promise);
  stream.resume();
  await waiting;
  assert.equal(keptUp(stream), undefined);
  assert.equal(stream.listenerCount('close'), 0);

  const abandoned = new PassThrough({ highWaterMark: 1024 });
  abandoned.write('x'.repeat(3 * 1024 * 1024));
  const gone = keptUp(abandoned);
  assert.ok(gone instanceof Promise);
  abandoned.destroy();
  await gone;
  assert.equal(keptUp(abandoned), undefined);
});
