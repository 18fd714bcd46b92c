/** `npm run keys -- [--seed N] [--minutes M]`: generated pairs of projects, one batch after the other, until a lie is found. */
import { parseArgs } from 'node:util';
import { tryPairs } from './pairs.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, minutes: { type: 'string', default: '10' } } });
const first = Number(values.seed ?? Date.now() % 1_000_000);
const end = performance.now() + Number(values.minutes) * 60_000;
const total = { pairs: 0, built: 0, changed: 0 };
for (let seed = first; performance.now() < end; seed++) {
  const { lies, ...counts } = await tryPairs(seed, 60);
  for (const name of ['pairs', 'built', 'changed'] as const) total[name] += counts[name];
  for (const lie of lies) console.log(JSON.stringify({ seed, ...lie }, undefined, 2));
  if (lies.length > 0) {
    process.exitCode = 1;
    break;
  }
}
console.log(
  `seed ${first}: ${total.pairs} pairs, ${total.built} built before and after, ${total.changed} of them changed`,
);
