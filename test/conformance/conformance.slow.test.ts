import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { mapBounded } from '../../src/map-bounded.ts';
import { isThere, needs } from '../support/needs.ts';
import { withBuilders } from './builders.ts';
import { type Case, findCases, knownFile } from './case.ts';
import { identities } from './identity.ts';
import { isFailure, type KnownDifferences, sliceOf, verdictOf } from './verdict.ts';

// Without go there is no BuildKit, unless all has to be there.
const wanted = [
  'root',
  'useradd',
  'newuidmap',
  'setpriv',
  'taskset',
  'unshare',
  'getfattr',
  'docker-registry',
  'runc',
  'skopeo',
  'test/support/foreign-busybox.sh',
];
const buildkit = isThere('go') || process.env['CIP_TEST_REQUIRE'] !== 'all' ? [] : ['go'];

const options = needs(...wanted, ...buildkit, 'test/support/buildkit.sh');

test(
  'conformance: a slice of the cases is built as BuildKit does, a few of them also by a user and in a chroot',
  options,
  async () => {
    const cases = await quickCases(20);
    const known = JSON.parse(await readFile(knownFile, 'utf8')) as KnownDifferences;
    const wrong = await withBuilders({ cases }, (compareOne) =>
      mapBounded([...cases.entries()], 2, async ([index, one]) => {
        const found = [];
        // In turn: what BuildKit made for the first is there for the others.
        for (const identity of index % 5 === 0 ? identities : (['root'] as const)) {
          const comparison = await compareOne(one, identity);
          const verdict = verdictOf(comparison, known);
          if (!isFailure(verdict)) continue;
          found.push({ name: one.name, identity, verdict, differences: comparison.differences });
        }
        return found;
      }),
    );
    assert.deepEqual(wrong.flat(), []);
  },
);

test('conformance: the oracles hold for some of the cases', options, async () => {
  const cases = await quickCases(2);
  const found = await withBuilders({ cases }, (_, examine) =>
    mapBounded(cases, 2, async (one) => ({ name: one.name, objections: await examine(one) })),
  );
  assert.deepEqual(
    found.filter(({ objections }) => objections.length > 0),
    [],
  );
});

/** About so many of those that are quick: the largest base takes long to be put into the registry. */
async function quickCases(count: number): Promise<readonly Case[]> {
  const all = await findCases();
  const quick = (await Promise.all(all.map(async (one) => ((await isQuick(one.folder)) ? [one] : [])))).flat();
  return sliceOf(quick, 1, Math.ceil(quick.length / count));
}

async function isQuick(folder: string): Promise<boolean> {
  return !(await readFile(`${folder}/Dockerfile`, 'utf8')).includes('/debian');
}
