/** Who has the terminal when steps fail, and what becomes of the other builds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildsUnderWay } from '../../src/engine/builds-under-way.ts';
import type { OpenTerminal, Terminals } from '../../src/engine/executor/terminal.ts';
import { failuresOf } from '../../src/result.ts';

const failure = { reason: 'run-failed', message: 'RUN exit 3 exited with status 3' } as const;

/** Counts what is lent. */
function terminalsOf(events: string[]): Terminals {
  return {
    async open(): Promise<OpenTerminal> {
      events.push('lent');
      const size = { columns: 80, rows: 24 };
      return { type: 'vt100', size, write: () => {}, close: () => void events.push('given back') };
    },
  };
}

test('of steps that fail at once the first has the terminal, and the others have none', async () => {
  const events: string[] = [];
  const builds = new BuildsUnderWay(terminalsOf(events));
  builds.add('a', new AbortController().signal);
  const lend = builds.lender('a')!;
  const use = (name: string) => async () => void events.push(name);
  await Promise.all([lend(failure, use('first')), lend(failure, use('second'))]);
  await lend(failure, use('third'));
  assert.deepEqual(events, ['lent', 'first', 'given back']);
});

test('a shell that fails gives the terminal back', async () => {
  const events: string[] = [];
  const builds = new BuildsUnderWay(terminalsOf(events));
  builds.add('a', new AbortController().signal);
  const lent = builds.lender('a')!(failure, async () => {
    throw new Error('no shell');
  });
  await assert.rejects(lent, /no shell/);
  assert.deepEqual(events, ['lent', 'given back']);
});

test('all builds are stopped before the terminal is lent, each with its own reason', async () => {
  const events: string[] = [];
  const builds = new BuildsUnderWay(terminalsOf(events));
  const [own, other, ended] = ['a', 'b', 'c'].map((image) => builds.add(image, new AbortController().signal));
  builds.delete(ended!.running);
  await builds.lender('a')!(failure, async (_, signal) => {
    events.push(`${own!.either.aborted} ${other!.either.aborted} ${ended!.either.aborted} ${signal.aborted}`);
  });
  assert.deepEqual(events, ['lent', 'true true false false', 'given back']);
  const reasons = [own, other].map((one) => failuresOf(one!.either.reason)?.[0]?.reason);
  assert.deepEqual(reasons, ['run-failed', 'stopped-for-shell']);
});

test('without a terminal nothing is lent', () => {
  assert.equal(new BuildsUnderWay(undefined).lender('a'), undefined);
});
