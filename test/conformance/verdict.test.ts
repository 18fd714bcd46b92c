import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type Case, findCases, knownFile, readCase } from './case.ts';
import type { Identity } from './identity.ts';
import { isFailure, type KnownDifferences, sliceOf, summaryOf, updated, type Verdict, verdictOf } from './verdict.ts';

const table: readonly [outcome: 'equal' | 'refused' | 'different', written: string, Verdict, fails: boolean][] = [
  ['equal', '', 'equal', false],
  ['refused', '', 'other refusal', true],
  ['different', '', 'new', true],
  ['equal', 'known', 'not known', true],
  ['refused', 'known', 'not known', true],
  ['different', 'known', 'known', false],
  ['equal', 'deviation', 'no deviation', true],
  ['refused', 'deviation', 'no deviation', true],
  ['different', 'deviation', 'deviation', false],
  ['equal', 'refused', 'no refusal', true],
  ['refused', 'refused', 'refused', false],
  ['refused', 'refused otherwise', 'other refusal', true],
  ['different', 'refused', 'new', true],
];

for (const [outcome, written, verdict, fails] of table) {
  test(`verdict: ${outcome}, written down as ${written || 'nothing'}: ${verdict}`, async () => {
    const { args } = await readCase('/nowhere', 'a/b');
    const refused = { refused: ['a-reason', 'b-reason'], 'refused otherwise': ['b-reason'] }[written] ?? [];
    const deviation = written === 'deviation' ? { deviation: 'why' } : {};
    const one = { name: 'a/b', folder: '', args: { ...args, refused, ...deviation } };
    const said = 'Building x\nerror[b-reason]: b\n\nerror[a-reason]: error[c-reason]\nerror[b-reason]: again';
    const known: KnownDifferences = written === 'known' ? { 'a/b': 'why' } : { 'a/c': 'why' };
    assert.equal(verdictOf({ case: one, identity: 'root', outcome, differences: [], refused: said }, known), verdict);
    assert.equal(isFailure(verdict), fails);
  });
}

const inNetwork = 'refused: Building x\nerror[network-unsupported]: this machine allows no network namespaces';
const tiers: readonly [title: string, identity: Identity, deviation: unknown, ours: string, Verdict][] = [
  ['a deviation of everybody', 'chroot', 'why', 'built', 'deviation'],
  ['a deviation of this identity', 'chroot', { chroot: 'why', user: 'why' }, 'built', 'deviation'],
  ['a deviation of another identity', 'root', { chroot: 'why' }, 'built', 'new'],
  ['what an identity cannot do', 'chroot', undefined, inNetwork, 'deviation'],
  ['what another identity cannot do', 'user', undefined, inNetwork, 'new'],
  ['another failure beside it', 'chroot', undefined, `${inNetwork}\nerror[run-failed]: x`, 'new'],
  ['a failure that only looks like it', 'chroot', undefined, 'refused: it said error[network-unsupported]', 'new'],
];
for (const [title, identity, deviation, ours, verdict] of tiers) {
  test(`verdict: ${title}: ${verdict}`, async () => {
    const { args } = await readCase('/nowhere', 'a/b');
    const one = { name: 'a/b', folder: '', args: { ...args, deviation } } as Case;
    const differences = [{ at: 'outcome', ours, theirs: 'built' }];
    assert.equal(verdictOf({ case: one, identity, outcome: 'different', differences }, {}), verdict);
  });
}

test('verdict: what an identity cannot do may be refused for that', async () => {
  const { args } = await readCase('/nowhere', 'a/b');
  const one = { name: 'a/b', folder: '', args: { ...args, refused: ['bind-source-missing'] } };
  const both = { case: one, outcome: 'refused', differences: [], refused: 'error[network-unsupported]: x' } as const;
  assert.equal(verdictOf({ ...both, identity: 'chroot' }, {}), 'refused');
  assert.equal(verdictOf({ ...both, identity: 'root' }, {}), 'other refusal');
});

test('verdict: the summary counts all, and names failures only if there are any', () => {
  assert.equal(
    summaryOf(['equal', 'equal', 'refused', 'deviation', 'known']),
    '5 cases: 2 equal, 1 refused by both, 1 deviate on purpose, 1 known to differ',
  );
  assert.match(
    summaryOf(['new', 'new', 'not known']),
    /, 2 differ and are not known, 1 are known to differ and do not$/,
  );
});

test('known.json after a run: what differs now is added, what does not is gone, what was not run stays', () => {
  const results = [
    { name: 'b', verdict: 'new', why: 'new one' },
    { name: 'a', verdict: 'not known', why: '' },
    { name: 'd', verdict: 'known', why: 'in other ways' },
    { name: 'e', verdict: 'equal', why: '' },
  ] as const;
  const after = updated({ a: 'x', c: 'not run', d: 'by hand' }, results);
  assert.deepEqual(Object.entries(after), [
    ['b', 'new one'],
    ['c', 'not run'],
    ['d', 'by hand'],
  ]);
});

test('slices: nothing is in two, and together they are all', () => {
  const all = Array.from({ length: 10 }, (_, index) => index);
  const slices = [1, 2, 3].map((number) => sliceOf(all, number, 3));
  assert.deepEqual(slices[0], [0, 3, 6, 9]);
  assert.deepEqual(slices.flat().sort(), all);
});

test('known.json: sorted cases that are there, with a reason, and that are not deviations', async () => {
  const known = JSON.parse(await readFile(knownFile, 'utf8')) as KnownDifferences;
  assert.deepEqual(Object.keys(known), Object.keys(known).sort());
  const cases = new Map((await findCases()).map((one) => [one.name, one]));
  for (const [name, why] of Object.entries(known)) {
    assert.ok(cases.has(name), `${name} is no case`);
    assert.equal(cases.get(name)?.args.deviation, undefined, name);
    assert.notEqual(why, '', name);
  }
});

test('cases: at least 250, none with an empty reason', async () => {
  const cases = await findCases();
  assert.ok(cases.length >= 250, `${cases.length}`);
  for (const { name, args } of cases) assert.notEqual(args.deviation, '', name);
});
