import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, type Wish } from '../../src/store/choose.ts';
import type { EntryKind, StoreEntry } from '../../src/store/inventory.ts';

const now = 1000;

/** Ten bytes of `kind`, used `age` ago. */
function entry(id: string, kind: EntryKind, age: number, more: Partial<StoreEntry> = {}): StoreEntry {
  return { kind, id, path: id, size: 10, lastUse: now - age, isNeeded: false, isInUse: false, ...more };
}

const entries: readonly StoreEntry[] = [
  entry('image', 'image', 900, { isNeeded: true }),
  entry('log', 'record', 800),
  entry('used', 'layer', 700, { isInUse: true }),
  entry('used-mount', 'cache-mount', 700, { isInUse: true }),
  entry('of-image', 'unpacked', 600, { isNeeded: true }),
  entry('old-mount', 'cache-mount', 500),
  entry('old-layer', 'layer', 500),
  entry('old-index', 'index', 500),
  entry('old-unpacked', 'unpacked', 500),
  entry('new-layer', 'layer', 100),
  entry('trash', 'temporary', 999),
];
const total = 100;

/** What is taken, in that order, with 50 bytes of the disk free. Add a row for each rule. */
const rows: readonly [title: string, wish: Partial<Wish>, want: readonly string[]][] = [
  ['no limit: all that no image needs', {}, ['old-unpacked', 'old-index', 'old-layer', 'old-mount', 'new-layer']],
  [
    'what images need too: the least recently used first',
    { takesNeeded: true },
    ['of-image', 'old-unpacked', 'old-index', 'old-layer', 'old-mount', 'new-layer'],
  ],
  ['a size that is not exceeded', { limits: { maxSize: total } }, []],
  ['a size exceeded by one byte', { limits: { maxSize: total - 1 } }, ['old-unpacked']],
  ['a size exceeded by two entries', { limits: { maxSize: total - 20 } }, ['old-unpacked', 'old-index']],
  [
    'a size that images alone exceed',
    { limits: { maxSize: 0 } },
    ['old-unpacked', 'old-index', 'old-layer', 'old-mount', 'new-layer'],
  ],
  ['an age', { limits: { maxAge: 499 } }, ['old-unpacked', 'old-index', 'old-layer', 'old-mount']],
  ['an age of exactly that', { limits: { maxAge: 500 } }, []],
  ['free space that is there', { limits: { minFree: 50 } }, []],
  ['free space that lacks', { limits: { minFree: 65 } }, ['old-unpacked', 'old-index']],
  ['either limit', { limits: { maxSize: total - 10, minFree: 75 } }, ['old-unpacked', 'old-index', 'old-layer']],
  ['a kind', { kinds: new Set(['cache-mount']) }, ['old-mount']],
  ['kinds and an age', { kinds: new Set(['layer', 'index']), limits: { maxAge: 300 } }, ['old-index', 'old-layer']],
  ['kinds that nobody takes', { kinds: new Set(['image', 'temporary', 'record']) }, []],
];

const day = 24 * 60 * 60 * 1000;
const minute = 60 * 1000;

/** What failed steps have left: by age, with one byte of the disk free. */
const failedSteps: readonly [title: string, wish: Partial<Wish>, age: number, isTaken: boolean][] = [
  ['no limit', {}, 0, true],
  ['a size, at once', { limits: { maxSize: 0 } }, 0, false],
  ['a size, within the hour', { limits: { maxSize: 0 } }, 60 * minute, false],
  ['a size, after it', { limits: { maxSize: 0 } }, 61 * minute, true],
  ['free space, within the hour', { limits: { minFree: 100 } }, 60 * minute, false],
  ['free space, after it', { limits: { minFree: 100 } }, 61 * minute, true],
  ['an age', { limits: { maxAge: minute } }, 2 * minute, true],
  ['any limit, in the week', { limits: { maxSize: 1000 } }, 7 * day, false],
  ['any limit, after it', { limits: { maxSize: 1000 } }, 7 * day + 1, true],
  ['its kind', { kinds: new Set(['failed-step']) }, 0, true],
  ['another kind', { kinds: new Set(['layer']) }, 8 * day, false],
];
for (const [title, wish, age, isTaken] of failedSteps) {
  test(`a failed step is taken away: ${title}`, () => {
    const inventory = { entries: [entry('step', 'failed-step', age)], now, keepFrom: now };
    assert.equal(choose(inventory, 1, { limits: {}, takesNeeded: false, ...wish }).length, isTaken ? 1 : 0);
  });
}

test('other things of any age stay while no limit is exceeded', () => {
  const old = { entries: [entry('layer', 'layer', 100 * day)], now, keepFrom: now };
  assert.deepEqual(choose(old, 1, { limits: { maxSize: 1000 }, takesNeeded: true }), []);
});

for (const [title, wish, want] of rows) {
  test(`taken away: ${title}`, () => {
    const inventory = { entries: [...entries].reverse(), now, keepFrom: now };
    const found = choose(inventory, 50, { limits: {}, takesNeeded: false, ...wish });
    assert.deepEqual(
      found.map(({ id }) => id),
      want,
    );
  });
}
