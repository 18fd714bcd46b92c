/**
 * `npm run conformance -- [PATTERN] [--cases FOLDER] [--slice N/M]`: each case built by BuildKit and by cip, and what differs.
 * `npm run conformance -- --generate MINUTES [--seed N] [--into FOLDER]`: random ones; what differs becomes a case below FOLDER.
 * Needs root, runc, docker-registry, skopeo, and what the scripts in test/support leave.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { mapBounded } from '../../src/map-bounded.ts';
import { withBuilders } from './builders.ts';
import { type Case, casesFolder, findCases, knownFile } from './case.ts';
import type { Comparison } from './compare.ts';
import type { Difference } from './difference.ts';
import { isFailure, type KnownDifferences, sliceOf, summaryOf, verdictOf } from './verdict.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string', default: casesFolder }, slice: { type: 'string', default: '1/1' } },
});
const [number = 1, count = 1] = values.slice.split('/').map(Number);
const cases = sliceOf(await findCases(positionals[0], values.cases), number, count);
const known = JSON.parse(await readFile(knownFile, 'utf8')) as KnownDifferences;

const build = async (compareOne: (one: Case) => Promise<Comparison>) =>
  await mapBounded(cases, 2, async (one) => {
    const comparison = await compareOne(one);
    const verdict = verdictOf(comparison, known);
    if (isFailure(verdict)) process.exitCode = 1;
    const isShown = verdict === 'new' || (verdict !== 'deviation' && positionals.length > 0);
    console.log(
      [`${verdict.padEnd(12)} ${one.name}`, ...(isShown ? comparison.differences.map(shown) : [])].join('\n'),
    );
    return verdict;
  });
console.log(summaryOf(await withBuilders(cases, build)));

function shown({ at, ours, theirs }: Difference): string {
  return `    ${at}\n      cip      ${JSON.stringify(ours)}\n      BuildKit ${JSON.stringify(theirs)}`;
}
