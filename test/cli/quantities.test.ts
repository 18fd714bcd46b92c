import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from '../../src/cli/care-after-build.ts';
import { parseAge, parseSize } from '../../src/cli/options/quantities.ts';

const sizes: readonly [text: string, bytes: number | undefined][] = [
  ['0', 0],
  ['10', 10],
  ['10B', 10],
  ['10GB', 10e9],
  ['10 gb', 10e9],
  ['10G', 10e9],
  ['512MiB', 512 * 1024 ** 2],
  ['1.5k', 1500],
  ['2TiB', 2 * 1024 ** 4],
  ['', undefined],
  ['GB', undefined],
  ['-1GB', undefined],
  ['1e9', undefined],
  ['10XB', undefined],
  ['10GBs', undefined],
  ['10iB', undefined],
  ['1,5GB', undefined],
  ['10%', undefined],
  ['99999999PB', undefined],
];

for (const [text, bytes] of sizes) test(`size: "${text}"`, () => assert.equal(parseSize(text), bytes));

const ages: readonly [text: string, milliseconds: number | undefined][] = [
  ['0s', 0],
  ['90m', 5_400_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['1W', 604_800_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['', undefined],
  ['7', undefined],
  ['d', undefined],
  ['-7d', undefined],
  ['7 days', undefined],
  ['1y', undefined],
];

for (const [text, milliseconds] of ages) test(`age: "${text}"`, () => assert.equal(parseAge(text), milliseconds));

const disks: readonly [disk: number, maxSize: number][] = [
  [20e9, 10e9],
  [500e9, 50e9],
  [8e12, 100e9],
];

for (const [disk, maxSize] of disks)
  test(`the limit of a store on a disk of ${disk / 1e9} GB`, () =>
    assert.deepEqual(limitsOf({}, disk), { maxSize, maxAge: undefined, minFree: undefined }));

test('limits that were given', () => {
  const given = { cacheMaxSize: 5, cacheMaxAge: 6, cacheMinFree: 7 };
  assert.deepEqual(limitsOf(given, 1e12), { maxSize: 5, maxAge: 6, minFree: 7 });
  const none = { cacheMaxSize: 'none', cacheMaxAge: 'none', cacheMinFree: 'none' } as const;
  assert.deepEqual(limitsOf(none, 1e12), { maxSize: undefined, maxAge: undefined, minFree: undefined });
});
