/**
 * `npm run places`: what each place does with each release of Node, as doc/places.md. Arguments name places (parts of their
 * titles) or releases, which are tried without writing the page: `npm run places -- Docker 22`.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeRelease } from '../support/fixtures.ts';
import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { PlaceResult } from './cases.ts';
import { cellOf, nodeReleases, pageOf, sectionOf, type Tried } from './page.ts';
import { Places, places } from './places.ts';

const wanted = process.argv.slice(2);
const releases = nodeReleases.filter((release) => !wanted.some(isNumber) || wanted.includes(`${release}`));
const words = wanted.filter((word) => !isNumber(word));
const chosen = places.filter(
  ({ title }, index) => index === 0 || words.length === 0 || words.some((word) => title.includes(word)),
);

function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

await using directory = await tempDir();
await using all = await Places.in(directory.path);
const tried: Tried[] = [];
for (const place of chosen) {
  const byNode = new Map<number, PlaceResult>();
  for (const release of releases) {
    const result = await all.try(place, nodeRelease(release));
    byNode.set(release, result);
    const byRoot = tried[0]?.byNode.get(release) ?? result;
    console.log(`${place.title}, Node ${release}: ${cellOf(result, byRoot)}`);
    if (wanted.length > 0) console.log(`${sectionOf(result, byRoot)}\n`);
  }
  tried.push({ place, byNode });
}
if (wanted.length === 0) await writeFile(join(root, 'doc/places.md'), pageOf(tried));
