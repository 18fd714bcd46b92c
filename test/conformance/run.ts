/**
 * `npm run conformance -- [PATTERN] [--as IDENTITY]… [--cases FOLDER] [--slice N/M] [--fresh] [--write-known]`: each case built by
 * BuildKit as root and by cip as `root`, `user` (with subordinate ids), `chroot` or `all`, and what differs; `--write-known` brings
 * known.json up to date with it. What BuildKit makes is kept beside it, in buildkit-results, and taken from there by later runs
 * unless they are `--fresh`.
 * `npm run conformance -- --oracles [PATTERN] [--as IDENTITY]… [--slice N/M]`: what holds for each case by itself; see oracle.ts.
 * `npm run conformance -- --generate MINUTES [--seed N] [--into FOLDER] [--skip WAY]… [--oracles] [--as IDENTITY]`: random ones;
 * what differs becomes a case below FOLDER, but for ways to differ that are skipped: `tree: mtime`.
 * Needs root, runc, docker-registry, skopeo, and what the scripts in test/support leave.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mapBounded } from '../../src/map-bounded.ts';
import { withBuilders } from './builders.ts';
import { type Case, casesFolder, findCases, knownFile } from './case.ts';
import type { Difference } from './difference.ts';
import { generate, wayOf } from './generate.ts';
import { type Identity, identities } from './identity.ts';
import { isFailure, type KnownDifferences, sliceOf, summaryOf, updated, verdictOf } from './verdict.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: casesFolder },
    as: { type: 'string', multiple: true, default: ['root'] },
    fresh: { type: 'boolean', default: false },
    oracles: { type: 'boolean', default: false },
    slice: { type: 'string', default: '1/1' },
    'write-known': { type: 'boolean', default: false },
    generate: { type: 'string' },
    seed: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    into: { type: 'string', default: join(tmpdir(), 'cip-generated-cases') },
  },
});

if (values.generate === undefined && values.oracles) await askOracles(await chosenCases());
else if (values.generate === undefined) await runCases(await chosenCases());
else await runGenerator(Number(values.generate));

async function chosenCases(): Promise<readonly Case[]> {
  const [number = 1, count = 1] = values.slice.split('/').map(Number);
  const all = await findCases('', values.cases);
  return sliceOf(
    all.filter(({ name }) => name.includes(positionals[0] ?? '')),
    number,
    count,
  );
}

function chosenIdentities(): readonly Identity[] {
  return identities.filter((identity) => values.as.some((one) => one === identity || one === 'all'));
}

async function askOracles(cases: readonly Case[]): Promise<void> {
  const wrong = await withBuilders({ cases }, async (_, examine) => {
    const all = await mapBounded(cases, 2, async (one) => {
      const found = [];
      for (const identity of chosenIdentities()) {
        const objections = await examine(one, identity);
        const lines = objections.map(({ oracle, found: what }) => [`  ${oracle}`, ...what].join('\n    '));
        const holds = objections.length === 0;
        console.log(
          [`${(holds ? 'holds' : 'objection').padEnd(12)} ${identity.padEnd(6)} ${one.name}`, ...lines].join('\n'),
        );
        found.push(holds);
      }
      return found;
    });
    return all.flat();
  });
  const count = wrong.filter((holds) => !holds).length;
  if (count > 0) process.exitCode = 1;
  console.log(`${wrong.length} times asked: ${count} objections`);
}

async function runCases(cases: readonly Case[]): Promise<void> {
  const known = JSON.parse(await readFile(knownFile, 'utf8')) as KnownDifferences;
  const wanted = chosenIdentities();
  const results = await withBuilders({ cases, fresh: values.fresh }, async (compareOne) => {
    const all = await mapBounded(cases, 2, async (one) => {
      const made = [];
      // In turn: what BuildKit made for the first is there for the others.
      for (const identity of wanted) {
        const comparison = await compareOne(one, identity);
        const verdict = verdictOf(comparison, known);
        const isShown = verdict === 'new' || positionals.length > 0;
        const lines = isShown ? comparison.differences.map(shown) : [];
        if (comparison.refused !== undefined && (isShown || verdict === 'other refusal'))
          lines.push(`    ${comparison.refused}`);
        console.log([`${verdict.padEnd(12)} ${identity.padEnd(6)} ${one.name}`, ...lines].join('\n'));
        const why = [...new Set(comparison.differences.map(wayOf))].join(', ');
        made.push({ name: one.name, identity, verdict, why });
      }
      return made;
    });
    return all.flat();
  });
  if (values['write-known']) {
    const byRoot = results.filter(({ identity }) => identity === 'root');
    await writeFile(knownFile, `${JSON.stringify(updated(known, byRoot), undefined, 2)}\n`);
  }
  for (const identity of wanted) {
    const verdicts = results.flatMap((one) => (one.identity === identity ? [one.verdict] : []));
    if (verdicts.some(isFailure)) process.exitCode = 1;
    console.log(`as ${identity}: ${summaryOf(verdicts)}`);
  }
}

async function runGenerator(minutes: number): Promise<void> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  await withBuilders({ cases: [] }, (compareOne, examine) =>
    generate({
      seed,
      minutes,
      into: resolve(values.into),
      skip: values.skip,
      compareOne,
      examine: values.oracles ? examine : undefined,
      identity: chosenIdentities()[0] ?? 'root',
      report: (line) => console.log(line),
    }),
  );
}

function shown({ at, ours, theirs }: Difference): string {
  return `    ${at}\n      cip      ${JSON.stringify(ours)}\n      BuildKit ${JSON.stringify(theirs)}`;
}
