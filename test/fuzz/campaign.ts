/**
 * Fuzzes for as long as it is told to: npm run fuzz -- [--seed N] [--minutes M] [TARGET…]
 * Prints the seed, and what each target has done. The first find of a target is printed and ends it; the status is 1.
 */
import { parseArgs } from 'node:util';
import type { Report } from './report.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';
import { WatchedThread } from './watched.ts';

interface Tally {
  readonly target: Target;
  runs: number;
  values: number;
  slowest: number;
  readonly reasons: Map<string, number>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '1' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(values.minutes);
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (!Number.isSafeInteger(seed) || !(minutes > 0) || unknown.length > 0) {
  process.stderr.write(
    `usage: npm run fuzz -- [--seed N] [--minutes M] [${targets.map(({ name }) => name).join('|')}]…\n`,
  );
  process.exit(2);
}

const runsAtOnce = 50;
const end = Date.now() + minutes * 60_000;
const tallies = targets
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  .map((target): Tally => ({ target, runs: 0, values: 0, slowest: 0, reasons: new Map() }));
const found = new Set<Tally>();
const thread = new WatchedThread();
process.stdout.write(`seed ${seed}, ${minutes} minutes, ${tallies.length} targets\n`);
try {
  for (let round = 0; Date.now() < end && found.size < tallies.length; round++) {
    for (const tally of tallies) {
      if (found.has(tally) || Date.now() >= end) continue;
      const sliceSeed = (seed + round) | 0;
      const report = await thread.runSlice(tally.target, sliceSeed, runsAtOnce);
      add(report, tally);
      if (!report.find) continue;
      found.add(tally);
      const { wrong, input, run } = report.find;
      process.stdout.write(
        `\nFOUND ${tally.target.name}, seed ${sliceSeed}, run ${run}: ${wrong}\ninput: ${input}\n\n`,
      );
    }
  }
} finally {
  await thread[Symbol.asyncDispose]();
}
for (const { target, runs, values: ended, slowest, reasons } of tallies) {
  const table = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${reason} ${count}`);
  process.stdout.write(
    `${target.name}: ${runs} inputs, ${ended} values, slowest ${Math.round(slowest)} ms; ${table.join(', ')}\n`,
  );
}
process.exitCode = found.size > 0 ? 1 : 0;

function add(report: Report, tally: Tally): void {
  tally.runs += report.runs;
  tally.values += report.values;
  tally.slowest = Math.max(tally.slowest, report.slowest);
  for (const [reason, count] of Object.entries(report.reasons)) {
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + count);
  }
}
