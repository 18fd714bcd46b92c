/**
 * `npm run conformance -- [PATTERN] [--cases FOLDER] [--slice N/M] [--write-known]`: each case built by BuildKit and by cip, and
 * what differs; `--write-known` brings known.json up to date with it.
 * `npm run conformance -- --generate MINUTES [--seed N] [--into FOLDER] [--skip WAY]…`: random ones; what differs becomes a case
 * below FOLDER, but for ways to differ that are skipped: `tree: mtime`.
 * Needs root, runc, docker-registry, skopeo, and what the scripts in test/support leave.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mapBounded } from '../../src/map-bounded.ts';
import { withBuilders } from './builders.ts';
import { casesFolder, findCases, knownFile } from './case.ts';
import type { Difference } from './difference.ts';
import { generate, wayOf } from './generate.ts';
import { isFailure, type KnownDifferences, sliceOf, summaryOf, updated, verdictOf } from './verdict.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: casesFolder },
    slice: { type: 'string', default: '1/1' },
    'write-known': { type: 'boolean', default: false },
    generate: { type: 'string' },
    seed: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    into: { type: 'string', default: join(tmpdir(), 'cip-generated-cases') },
  },
});

if (values.generate === undefined) await runCases();
else await runGenerator(Number(values.generate));

async function runCases(): Promise<void> {
  const [number = 1, count = 1] = values.slice.split('/').map(Number);
  const all = await findCases('', values.cases);
  const cases = sliceOf(
    all.filter(({ name }) => name.includes(positionals[0] ?? '')),
    number,
    count,
  );
  const known = JSON.parse(await readFile(knownFile, 'utf8')) as KnownDifferences;
  const results = await withBuilders(cases, (compareOne) =>
    mapBounded(cases, 2, async (one) => {
      const comparison = await compareOne(one);
      const verdict = verdictOf(comparison, known);
      const isShown = verdict === 'new' || positionals.length > 0;
      const lines = isShown ? comparison.differences.map(shown) : [];
      console.log([`${verdict.padEnd(12)} ${one.name}`, ...lines].join('\n'));
      return { name: one.name, verdict, why: [...new Set(comparison.differences.map(wayOf))].join(', ') };
    }),
  );
  if (values['write-known']) await writeFile(knownFile, `${JSON.stringify(updated(known, results), undefined, 2)}\n`);
  const verdicts = results.map(({ verdict }) => verdict);
  if (verdicts.some(isFailure)) process.exitCode = 1;
  console.log(summaryOf(verdicts));
}

async function runGenerator(minutes: number): Promise<void> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  await withBuilders([], (compareOne) =>
    generate({
      seed,
      minutes,
      into: resolve(values.into),
      skip: values.skip,
      compareOne,
      report: (line) => console.log(line),
    }),
  );
}

function shown({ at, ours, theirs }: Difference): string {
  return `    ${at}\n      cip      ${JSON.stringify(ours)}\n      BuildKit ${JSON.stringify(theirs)}`;
}
