import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdFacts, idMapText, planIds } from '../../src/worker/id-plan.ts';

const user: IdFacts = {
  uid: 1000,
  gid: 100,
  userName: 'ada',
  users: [{ inside: 0, outside: 0, count: 4_294_967_295 }],
  groups: [{ inside: 0, outside: 0, count: 4_294_967_295 }],
  subuid: 'ada:100000:65536\n',
  subgid: 'ada:200000:65536\n',
  hasHelpers: true,
};
const single = { tier: 'single-uid', by: 'direct', uids: '0 1000 1\n', gids: '0 100 1\n' };

const cases: [title: string, facts: IdFacts, plans: object[], warnings: string[]][] = [
  [
    'root passes on all ids as they are',
    { ...user, uid: 0, gid: 0 },
    [
      { tier: 'root-map', by: 'direct', uids: '0 0 4294967295\n', gids: '0 0 4294967295\n' },
      { ...single, uids: '0 0 1\n', gids: '0 0 1\n' },
    ],
    [],
  ],
  [
    'root of a container passes on the ids the container has, not those of the machine',
    {
      ...user,
      uid: 0,
      gid: 0,
      users: [
        { inside: 0, outside: 100_000, count: 1000 },
        { inside: 1000, outside: 1000, count: 65_000 },
      ],
      groups: [{ inside: 0, outside: 100_000, count: 65_536 }],
    },
    [
      { tier: 'root-map', by: 'direct', uids: '0 0 1000\n1000 1000 65000\n', gids: '0 0 65536\n' },
      { ...single, uids: '0 0 1\n', gids: '0 0 1\n' },
    ],
    [],
  ],
  [
    'root where nobody else exists has nothing to pass on',
    {
      ...user,
      uid: 0,
      gid: 0,
      users: [{ inside: 0, outside: 1000, count: 1 }],
    },
    [{ ...single, uids: '0 0 1\n', gids: '0 0 1\n' }],
    ['root-ids-missing'],
  ],
  [
    'root where too few others exist for some files',
    {
      ...user,
      uid: 0,
      gid: 0,
      users: [{ inside: 0, outside: 100_000, count: 1024 }],
      groups: [{ inside: 0, outside: 100_000, count: 1024 }],
    },
    [{ ...single, uids: '0 0 1\n', gids: '0 0 1\n' }],
    ['root-ids-missing'],
  ],
  [
    'root where there is one group is no better',
    {
      ...user,
      uid: 0,
      gid: 0,
      groups: [{ inside: 0, outside: 1000, count: 1 }],
    },
    [{ ...single, uids: '0 0 1\n', gids: '0 0 1\n' }],
    ['root-ids-missing'],
  ],
  [
    'a user gets the subordinate ids by name',
    user,
    [
      { tier: 'subuid-map', by: 'helper', uids: '0 1000 1\n1 100000 65536\n', gids: '0 100 1\n1 200000 65536\n' },
      single,
    ],
    [],
  ],
  [
    'or by number, and several ranges one after the other',
    { ...user, subuid: 'bob:1:65536\n1000:300000:30000\nada:400000:40000\nada:broken\n' },
    [
      {
        tier: 'subuid-map',
        by: 'helper',
        uids: '0 1000 1\n1 300000 30000\n30001 400000 40000\n',
        gids: '0 100 1\n1 200000 65536\n',
      },
      single,
    ],
    [],
  ],
  ['too few ids are none', { ...user, subuid: 'ada:100000:1000\n' }, [single], ['subuid-range-missing']],
  ['no range of groups is none', { ...user, subgid: '' }, [single], ['subuid-range-missing']],
  ['without newuidmap', { ...user, hasHelpers: false }, [single], ['newuidmap-missing']],
];

for (const [title, facts, plans, warnings] of cases) {
  test(`planIds(): ${title}`, () => {
    const planned = planIds(facts);
    assert.deepEqual(
      planned.plans.map(({ tier, by, users, groups }) => ({
        tier,
        by,
        uids: idMapText(users),
        gids: idMapText(groups),
      })),
      plans,
    );
    assert.deepEqual(
      planned.warnings.map(({ reason }) => reason),
      warnings,
    );
  });
}

test('planIds() proposes a range that nobody has', () => {
  const hintFor = (subuid: string) =>
    planIds({ ...user, userName: 'eve', uid: 4711, subuid, subgid: '' }).warnings[0]!.hint!;
  assert.match(hintFor(''), /--add-subuids 100000-165535 --add-subgids 100000-165535 eve$/);
  assert.match(hintFor('ada:100000:65536\nbob:165536:65536\n'), / 231072-296607 /);
  assert.match(hintFor('nonsense\nada:x:1\n'), / 100000-165535 /);
});
