import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wayOf } from './generate.ts';
import { dockerfileOf, type RandomCase, randomCaseOf } from './random-case.ts';
import { repaired } from './repair.ts';
import { shrunk, smallerOnes } from './shrink.ts';

test('random cases: the same for the same number, and all instructions occur', () => {
  assert.deepEqual(randomCaseOf(7), randomCaseOf(7));
  assert.notDeepEqual(randomCaseOf(7), randomCaseOf(8));
  const text = Array.from({ length: 100 }, (_, seed) => dockerfileOf(randomCaseOf(seed))).join('\n');
  for (const keyword of ['COPY', 'ADD', 'RUN', 'ENV', 'ARG', 'LABEL', 'WORKDIR', 'USER', 'EXPOSE', 'VOLUME', 'CMD']) {
    assert.match(text, new RegExp(`^${keyword} `, 'm'));
  }
  for (const one of [
    /^# escape=/m,
    /^ARG A=global$/m,
    /^FROM --platform=/m,
    / AS two$/m,
    /--from=one/,
    /type=secret/,
  ]) {
    assert.match(text, one);
  }
});

test('shrinking: what is not needed is gone, each kind of it', async () => {
  const needed = { keyword: 'COPY', options: ['--link', '--chmod=1'], words: ['f', 'g'], rest: '/t/' };
  const other = { keyword: 'RUN', options: [], words: [], rest: 'true' };
  const one: RandomCase = {
    stages: [
      { name: 'zero', options: ['--platform=x'], base: '${BASES}/busybox', lines: [other, other] },
      { name: 'unused', options: [], base: 'zero', lines: [other] },
      {
        name: 'last',
        options: [],
        base: 'unused',
        lines: [other, { ...other, options: ['--mount=from=zero'] }, needed],
      },
    ],
    directives: ['# escape=`'],
    globals: ['ARG A', 'ARG B'],
    buildArgs: { A: '1' },
    secrets: { s: '1' },
    target: 'last',
    files: ['f', 'g', 'h'].map((path) => ({ path, command: `touch ${path}` })),
    ignored: ['x', 'y'],
  };
  const isNeeded = async (smaller: RandomCase) =>
    dockerfileOf(smaller).includes('--chmod=1') && smaller.files.some(({ path }) => path === 'g');
  const small = await shrunk(one, isNeeded);
  assert.deepEqual(small, {
    stages: [
      {
        name: 'last',
        options: [],
        base: '${BASES}/busybox',
        lines: [{ ...needed, options: ['--chmod=1'], words: ['g'] }],
      },
    ],
    files: [{ path: 'g', command: 'touch g' }],
    ignored: [],
    directives: [],
    globals: [],
    buildArgs: {},
    secrets: {},
    target: undefined,
  });
});

test('shrinking: no more often than the limit, and the case stays as it is if nothing can go', async () => {
  let asked = 0;
  const one = randomCaseOf(3);
  const never = async () => {
    asked++;
    return false;
  };
  assert.equal(await shrunk(one, never, 5), one);
  assert.equal(asked, 5);
  for (const smaller of smallerOnes(one)) assert.notDeepEqual(smaller, one);
});

const line = (keyword: string, rest: string) => ({ keyword, options: [], words: [], rest });
const broken: RandomCase = {
  ...randomCaseOf(1),
  directives: ['# escape=`'],
  globals: ['ARG A'],
  stages: [
    { name: 'zero', options: [], base: 'scratch', lines: [line('RUN', '<<E\na\nb\nE'), line('COPY', 'none /')] },
    { name: 'one', options: [], base: 'zero', lines: [line('EXPOSE', 'x'), line('CMD', 'y')] },
  ],
};
const pointing = (...lines: number[]) => lines.map((at) => `error[x]: y\n --> a/Dockerfile:${at}:3\n  |`).join('\n');
const repairs = [
  { at: [5], left: [['COPY'], ['EXPOSE', 'CMD']] },
  { at: [8], left: [['COPY'], ['EXPOSE', 'CMD']] },
  { at: [9], left: [['RUN'], ['EXPOSE', 'CMD']] },
  { at: [6, 11], left: [['COPY'], ['CMD']] },
  { at: [12], left: [['RUN', 'COPY'], ['EXPOSE']] },
  { at: [4], left: undefined },
  { at: [10], left: undefined },
  { at: [2], left: undefined },
  { at: [], left: undefined },
];

for (const { at, left } of repairs) {
  test(`repairing: what is refused at ${at.join(' and ') || 'no line'} is gone, and nothing else`, () => {
    const made = repaired(broken, pointing(...at));
    assert.deepEqual(
      made?.stages.map(({ lines }) => lines.map(({ keyword }) => keyword)),
      left,
    );
    if (made !== undefined) assert.deepEqual({ ...made, stages: [] }, { ...broken, stages: [] });
  });
}

const ways = [
  [{ at: 'outcome', ours: 'refused: error[file-unreadable]: x', theirs: 'built' }, 'outcome: file-unreadable'],
  [{ at: 'outcome', ours: 'built', theirs: 'refused: x' }, 'outcome: cip builds it'],
  [{ at: 'history[12].created_by', ours: 'a', theirs: 'b' }, 'history[].created_by'],
  [{ at: 'config.Env', ours: 'a', theirs: 'b' }, 'config.Env'],
  [{ at: 'tree/a/b.mode', ours: 1, theirs: 2 }, 'tree: mode'],
  [{ at: 'tree/a/b', ours: 'file', theirs: undefined }, 'tree: only cip has it'],
  [{ at: 'tree/a/b', ours: undefined, theirs: 'file' }, 'tree: only BuildKit has it'],
] as const;

for (const [difference, way] of ways) {
  test(`ways to differ: ${way}`, () => assert.equal(wayOf(difference), way));
}
