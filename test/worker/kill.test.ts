/** The process that builds ends with the one that started it, whatever either is doing. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { extname } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '../support/needs.ts';
import { nobodyInParticular, self } from './people.ts';
import { noEngine, PersonBuilder } from './person-builder.ts';
import { commandOf, eventually, processesWith } from './processes.ts';

const module = new URL(`./toy-engine${extname(import.meta.url)}`, import.meta.url).href;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whose command line is that of the worker, or who was started by it. */
function marked() {
  const mark = `cip-mark-${randomUUID()}`;
  const options = { engine: noEngine, module, execArgv: [...process.execArgv, `--conditions=${mark}`] };
  return { mark, options };
}

const seed = Number(process.env['CIP_TEST_SEED'] ?? 20_251_121);

describe(`kill -9 of the main process, seed ${seed}`, needs('linux', 'root', 'user namespaces', 'setpriv'), () => {
  const next = random(seed);
  for (const [who, person] of [
    ['root', self],
    ['a user', nobodyInParticular],
  ] as const) {
    test(`ten times while the worker of ${who} is starting or busy: nothing is left`, async (t) => {
      let slowest = 0;
      for (let round = 0; round < 10; round++) {
        const { mark, options } = marked();
        await using builder = new PersonBuilder(person, { ...options, isolation: 'namespaces' });
        void builder.build({ do: 'busy', mark });
        // Every other time once it certainly is busy.
        if (round % 2 === 0) {
          await eventually(
            () => processesWith(mark).filter((pid) => commandOf(pid) === 'sleep'),
            (pids) => pids.length > 0,
          );
        }
        await delay(next() * 300);
        builder.process.kill('SIGKILL');
        const start = performance.now();
        const left = await eventually(
          () => processesWith(mark),
          (pids) => pids.length === 0,
          10_000,
        );
        for (const pid of left) process.kill(pid, 'SIGKILL');
        slowest = Math.max(slowest, performance.now() - start);
        assert.deepEqual(left, [], `round ${round}`);
      }
      t.diagnostic(`the slowest took ${Math.round(slowest)} ms`);
    });
  }

  test('a worker that is too busy to hear of a cancellation is ended', async () => {
    const { mark, options } = marked();
    await using builder = new PersonBuilder(self, { ...options, isolation: 'namespaces' });
    const { error } = await builder.build({ do: 'busy', mark }, undefined, 'notice');
    assert.equal(error?.message, 'enough');
    assert.deepEqual(
      await eventually(
        () => processesWith(mark),
        (pids) => pids.length === 0,
      ),
      [],
    );
  });
});
