/** Runs what `watched.ts` sends, in a thread that can be stopped in the middle of anything. */
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { excerpt } from './excerpt.ts';
import type { Order, Report } from './report.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';
import { budgetOf, type Trial, tryInput } from './trial.ts';

/** What the watching thread reads: number of the run, microseconds of CPU time at its start or -1, its budget in ms. */
const pulse = new Float64Array(workerData as SharedArrayBuffer);

parentPort?.on('message', async (order: Order) => {
  const target = targets.find(({ name }) => name === order.target);
  if (!target) throw new Error(`there is no target ${order.target}`);
  parentPort?.postMessage(order.kind === 'row' ? await runRow(target, order.row) : await runSlice(target, order));
});

async function watchedTrial(target: Target, run: number, input: unknown): Promise<Trial> {
  const { user, system } = process.cpuUsage();
  pulse[0] = run;
  pulse[2] = budgetOf(target);
  pulse[1] = user + system;
  const trial = await tryInput(target, input);
  pulse[1] = -1;
  return trial;
}

async function runRow(target: Target, index: number): Promise<Report> {
  const row = target.rows[index];
  if (!row) throw new Error(`${target.name} has no row ${index}`);
  const input = row.input();
  const trial = await watchedTrial(target, index, input);
  return reportOf(
    [trial],
    trial.wrong === undefined ? undefined : { wrong: trial.wrong, input: excerpt(input), run: index },
  );
}

async function runSlice(
  target: Target,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<Report> {
  const trials: Trial[] = [];
  let find: Report['find'];
  const property = fc.asyncProperty(target.input, async (input) => {
    const run = trials.length;
    const trial = await watchedTrial(target, run, input);
    trials.push(trial);
    if (trial.wrong === undefined) return;
    find = { wrong: trial.wrong, input: excerpt(input), run };
    throw new Error(trial.wrong);
  });
  await fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  return reportOf(trials, find);
}

function reportOf(trials: readonly Trial[], find: Report['find']): Report {
  const reasons: Record<string, number> = {};
  for (const reason of trials.flatMap((trial) => trial.reasons ?? [])) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return {
    runs: trials.length,
    values: trials.filter((trial) => trial.reasons === undefined && trial.wrong === undefined).length,
    reasons,
    slowest: Math.max(0, ...trials.map(({ ms }) => ms)),
    find,
  };
}
