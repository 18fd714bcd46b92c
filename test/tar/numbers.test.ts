import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeNumber, decodePaxNumber, decodePaxTime, encodeOctal, octalLimit } from '../../src/tar/numbers.ts';

const fieldCases: [title: string, bytes: string, want: number | undefined][] = [
  ['digits and a NUL', '0000644\0', 0o644],
  ['digits and a blank', '000644 \0', 0o644],
  ['blanks before the digits', '   644 \0', 0o644],
  ['digits to the end of the field', '00000644', 0o644],
  ['an empty field', '\0\0\0\0\0\0\0\0', 0],
  ['only blanks', '        ', 0],
  ['base-256', '\x80\0\0\0\0\x20\0\0', 2 ** 21],
  ['base-256, all of 2^53 - 1', '\x80\x1f\xff\xff\xff\xff\xff\xff', Number.MAX_SAFE_INTEGER],
  ['base-256, minus one', '\xff\xff\xff\xff\xff\xff\xff\xff', -1],
  ['base-256, minus 256', '\xff\xff\xff\xff\xff\xff\xff\0', -256],
  ['base-256 beyond what is exact', '\x80\x20\0\0\0\0\0\0', undefined],
  ['an octal digit too great', '0000648\0', undefined],
  ['a letter', '0000x44\0', undefined],
  ['digits after the end', '644\x006440', undefined],
  ['a minus sign', '-000644\0', undefined],
];
for (const [title, bytes, want] of fieldCases) {
  test(`decodeNumber() ${title}`, () => assert.equal(decodeNumber(Buffer.from(bytes, 'latin1'), 0, 8), want));
}

test('decodeNumber() reads a field of eleven digits', () => {
  assert.equal(decodeNumber(Buffer.from('77777777777\0', 'latin1'), 0, 12), octalLimit(12));
});

test('decodeNumber() reads what encodeOctal() wrote', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: octalLimit(12) }), (value) => {
      const block = Buffer.alloc(14, 0xff);
      encodeOctal(block, { start: 1, length: 12 }, value);
      assert.equal(decodeNumber(block, 1, 12), value);
      assert.deepEqual([block[0], block[13]], [0xff, 0xff]);
    }),
  );
});

test('encodeOctal() refuses what does not fit', () => {
  assert.throws(() => encodeOctal(Buffer.alloc(8), { start: 0, length: 8 }, octalLimit(8) + 1));
  assert.throws(() => encodeOctal(Buffer.alloc(8), { start: 0, length: 8 }, -1));
});

const timeCases: [text: string, want: number | undefined][] = [
  ['1700000000', 1700000000],
  ['1700000000.999999999', 1700000000],
  ['1700000000.', 1700000000],
  ['0', 0],
  ['-1', -1],
  ['-1.5', -2],
  ['-1.0', -1],
  ['-0', 0],
  ['', undefined],
  ['.5', undefined],
  ['1e9', undefined],
  [' 1', undefined],
  ['99999999999999999999', undefined],
];
for (const [text, want] of timeCases) {
  test(`decodePaxTime() ${JSON.stringify(text)}`, () => assert.equal(decodePaxTime(text), want));
}

const paxNumberCases: [text: string, want: number | undefined][] = [
  ['8589934592', 2 ** 33],
  ['-1', undefined],
  ['0x10', undefined],
  ['1.5', undefined],
  ['', undefined],
];
for (const [text, want] of paxNumberCases) {
  test(`decodePaxNumber() ${JSON.stringify(text)}`, () => assert.equal(decodePaxNumber(text), want));
}
