/** `npm run conformance -- [PATTERN] [--cases FOLDER]`: each case built by BuildKit and by cip, and what differs. */
import { parseArgs } from 'node:util';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { tempDir } from '../support/temp-dir.ts';
import { pushBases } from './bases.ts';
import { startBuildkit } from './buildkit.ts';
import { casesFolder, findCases } from './case.ts';
import { startCip } from './cip.ts';
import { compare } from './compare.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string', default: casesFolder } },
});
await using storage = await tempDir();
await using registry = await startDockerRegistry(storage.path);
await pushBases(registry.host);
await using buildkit = await startBuildkit(registry.host);
await using cip = await startCip();
await using scratch = await tempDir();

const count = { equal: 0, refused: 0, different: 0, deviation: 0 };
const cases = await findCases(positionals[0], values.cases);
for (const one of cases) {
  const withBases = { ...one, args: { ...one.args, buildArgs: { BASES: registry.host, ...one.args.buildArgs } } };
  const { outcome, differences } = await compare(withBases, [cip, buildkit], scratch.path);
  const isDeviation = one.args.deviation !== undefined;
  const told = isDeviation ? (outcome === 'different' ? 'deviation' : 'not the deviation it says') : outcome;
  if (isDeviation && outcome === 'different') count.deviation++;
  else if (isDeviation) count.different++;
  else count[outcome]++;
  if (told === 'different' || told.startsWith('not')) process.exitCode = 1;
  console.log(`${told.padEnd(10)} ${one.name}`);
  if (told !== 'different') continue;
  for (const { at, ours, theirs } of differences) {
    console.log(`    ${at}\n      cip      ${JSON.stringify(ours)}\n      BuildKit ${JSON.stringify(theirs)}`);
  }
}
console.log(
  `${cases.length} cases: ${count.equal} equal, ${count.refused} refused by both, ${count.deviation} deviate as written down, ${count.different} different`,
);
