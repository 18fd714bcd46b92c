/** What doc/places.md says of each place: with the Node at hand, and with each other release in one of them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nodeRelease } from '../support/fixtures.ts';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { PlaceResult } from './cases.ts';
import { cellOf, nodeReleases, saidOnPage, sectionOf } from './page.ts';
import { needed, Places, places } from './places.ts';

const own = Number(process.versions.node.split('.')[0]);
const others = nodeReleases.filter((release) => release !== own);

describe('places', needs(...needed), () => {
  let directory: Awaited<ReturnType<typeof tempDir>>;
  let all: Places;
  let byRoot: PlaceResult;
  let page: string;
  before(async () => {
    directory = await tempDir();
    all = await Places.in(directory.path);
    byRoot = await all.try(places[0]!, process.execPath);
    page = await readFile(join(root, 'doc/places.md'), 'utf8');
  });
  after(async () => {
    await all[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  for (const [index, place] of places.entries()) {
    // From the end, where the containers are.
    const other = others[places.length - 1 - index];
    const tried = [
      [own, process.execPath] as const,
      ...(other === undefined ? [] : [[other, nodeRelease(other)] as const]),
    ];
    for (const [release, program] of tried) {
      const skip = release !== own && needs('test/support/node-releases.sh').skip;
      test(`${place.title}, Node ${release}: as the page says (npm run places)`, { skip }, async () => {
        const result = await all.try(place, program);
        assert.deepEqual(
          { cell: cellOf(result, byRoot), section: sectionOf(result, byRoot) },
          saidOnPage(page, place, release),
        );
      });
    }
  }

  test('what the README gives to docker run lifts the profile, for its root and for another user', async () => {
    const options = await readmeOptions();
    for (const place of places.filter(({ on }) => on === 'docker')) {
      const { tier, cases } = await all.try(place, process.execPath, options);
      assert.match(tier, /^namespaces/);
      assert.equal(cases['bind']!.outcome, 'built');
    }
  });

  test('doctor names the lines of a pod and the options of Docker that the README has', async () => {
    const { doctor } = await all.try(places.find(({ on, as }) => on === 'docker' && as === 'root')!, process.execPath);
    const remedy = doctor.find(({ name }) => name === 'user-namespaces')?.hint ?? '';
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const lines = ['seccompProfile', 'appArmorProfile'].map(
      (name) => new RegExp(`^ +${name}: \\{ (.*) \\}$`, 'm').exec(readme)?.[1],
    );
    assert.deepEqual(lines, ['type: Unconfined', 'type: Unconfined']);
    assert.match(
      remedy,
      /securityContext: seccompProfile: \{type: Unconfined\} and appArmorProfile: \{type: Unconfined\}/,
    );
    assert.ok(remedy.includes(`docker run ${(await readmeOptions()).join(' ')}`), remedy);
  });
});

/** As they are written after `docker run`. */
async function readmeOptions(): Promise<readonly string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  return /`docker run` takes `([^`]*)`/.exec(readme)![1]!.split(' ');
}
