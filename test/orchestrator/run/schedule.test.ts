import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type ScheduleOptions, schedule, type Task } from '../../../src/orchestrator/run/schedule.ts';

const idle = new AbortController().signal;

/** A graph of tasks: each comes after some of those before it, and some fail. */
const graphs = fc
  .array(fc.record({ after: fc.array(fc.nat()), priority: fc.nat(9), fails: fc.boolean() }), { maxLength: 20 })
  .map((tasks) =>
    tasks.map((task, id) => ({ ...task, id, after: id === 0 ? [] : [...new Set(task.after.map((n) => n % id))] })),
  );

async function run(
  tasks: readonly (Omit<Task<number, number>, 'run'> & { fails: boolean })[],
  options: Partial<ScheduleOptions>,
) {
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const outcomes = await schedule(
    tasks.map(({ id, after, priority, fails }) => ({
      id,
      after,
      priority,
      async run() {
        for (const needed of after) assert.ok(started.includes(needed));
        started.push(id);
        most = Math.max(most, ++running);
        await turn();
        running--;
        if (fails) throw new Error(`${id}`);
        return id;
      },
    })),
    { jobs: 2, keepGoing: true, drain: idle, ...options },
  );
  assert.equal(running, 0);
  return { started, most, outcomes };
}

test('schedule() runs exactly what does not come after a failure, with no more at once than jobs', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 4 }), async (tasks, jobs) => {
      const { started, most, outcomes } = await run(tasks, { jobs });
      assert.ok(most <= jobs);
      const bad = new Set<number>();
      for (const { id, after, fails } of tasks) {
        const isBlocked = after.some((needed) => bad.has(needed));
        if (isBlocked || fails) bad.add(id);
        assert.equal(outcomes.get(id)?.status, isBlocked ? 'blocked' : fails ? 'failed' : 'done');
      }
      assert.equal(started.length, [...outcomes.values()].filter(({ status }) => status !== 'blocked').length);
    }),
    { numRuns: 60 },
  );
});

test('schedule() begins the most urgent of those that are ready', async () => {
  const tasks = [3, 9, 5].map((priority, id) => ({ id, after: [], priority, fails: false }));
  assert.deepEqual((await run(tasks, { jobs: 1 })).started, [1, 2, 0]);
});

test('schedule() begins nothing after a failure unless it is to keep going', async () => {
  const tasks = [true, false, false].map((fails, id) => ({ id, after: id === 2 ? [0] : [], priority: -id, fails }));
  const { outcomes } = await run(tasks, { jobs: 1, keepGoing: false });
  assert.deepEqual(
    [...outcomes.values()].map(({ status }) => status),
    ['failed', 'not-started', 'blocked'],
  );
});
