import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePax, encodePax } from '../../src/tar/pax.ts';

const cases: [title: string, bytes: string, want: Record<string, string> | undefined][] = [
  ['one record', '12 path=abc\n', { path: 'abc' }],
  ['two records', '12 path=abc\n10 uid=10\n', { path: 'abc', uid: '10' }],
  ['the later one of a key', '12 path=abc\n12 path=xyz\n', { path: 'xyz' }],
  ['an equals sign and a line break in the value', '13 k=a=b\nc=d\n', { k: 'a=b\nc=d' }],
  ['a length too great by one', '9 path=\n', undefined],
  ['a value taken back', '8 path=\n', { path: '' }],
  ['nothing', '', {}],
  ['a length beyond the end', '99 path=abc\n', undefined],
  ['no line break at the end', '12 path=abcd', undefined],
  ['no equals sign', '9 pathab\n', undefined],
  ['no key', '7 =abc\n', undefined],
  ['a length of nothing', '0 a=b\n', undefined],
  ['a length with a sign', '+6 a=b\n', undefined],
];
for (const [title, bytes, want] of cases) {
  test(`decodePax() ${title}`, () => {
    const records = decodePax(Buffer.from(bytes));
    const texts = records && Object.fromEntries([...records].map(([key, value]) => [key, value.toString()]));
    assert.deepEqual(texts, want);
  });
}

test('encodePax() counts its own digits', () => {
  for (const length of [1, 3, 4, 5, 91, 92, 93, 94, 95, 989, 990, 991, 992, 993, 9980, 9990]) {
    const bytes = encodePax([['k', 'v'.repeat(length)]]);
    assert.equal(Number.parseInt(bytes.toString(), 10), bytes.length);
  }
});

test('decodePax() reads what encodePax() wrote', () => {
  const key = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('='));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, fc.uint8Array()), { selector: ([name]) => name }), (records) => {
      const read = decodePax(encodePax(records));
      assert.deepEqual(
        [...read!].map(([name, value]) => [name, [...value]]),
        records.map(([name, value]) => [name, [...value]]),
      );
    }),
  );
});
