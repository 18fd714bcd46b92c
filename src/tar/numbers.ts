const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

/**
 * A numeric field: octal digits, padded left with blanks or NULs and ended by a blank, a NUL or the field's end; or
 * base-256 (two's complement, big-endian) where the high bit of the first byte is set. An empty field is 0.
 * undefined for anything else, and for what is no safe integer.
 * https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 */
export function decodeNumber(block: Uint8Array, start: number, length: number): number | undefined {
  return block[start]! & 0x80 ? decodeBase256(block, start, length) : decodeOctal(block, start, length);
}

function decodeOctal(block: Uint8Array, start: number, length: number): number | undefined {
  const end = start + length;
  let at = start;
  while (at < end && (block[at] === SPACE || block[at] === 0)) at += 1;
  let value = 0;
  for (; at < end; at += 1) {
    const byte = block[at]!;
    if (byte === SPACE || byte === 0) break;
    if (byte < ZERO || byte > SEVEN) return undefined;
    value = value * 8 + (byte - ZERO);
  }
  for (; at < end; at += 1) if (block[at] !== SPACE && block[at] !== 0) return undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

function decodeBase256(block: Uint8Array, start: number, length: number): number | undefined {
  const negative = (block[start]! & 0x40) !== 0;
  // The first byte gives six bits and the sign; of a negative number count the complement, which is small.
  let value = negative ? ~block[start]! & 0x3f : block[start]! & 0x3f;
  for (let at = start + 1; at < start + length; at += 1) {
    value = value * 256 + (negative ? ~block[at]! & 0xff : block[at]!);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return negative ? -value - 1 : value;
}

/** The greatest number that octal digits and a NUL can say in a field of `length` bytes. */
export function octalLimit(length: number): number {
  return 8 ** (length - 1) - 1;
}

/** Zero-padded octal digits and a NUL. The value must fit (see `octalLimit`). */
export function encodeOctal(
  block: Uint8Array,
  { start, length }: { readonly start: number; readonly length: number },
  value: number,
): void {
  if (!(value >= 0 && value <= octalLimit(length))) throw new Error(`${value} does not fit ${length} octal digits`);
  let rest = value;
  for (let at = start + length - 2; at >= start; at -= 1) {
    block[at] = ZERO + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  block[start + length - 1] = 0;
}

/** Decimal whole seconds of a PAX time (`1700000000.25`, `-1.5`), rounded down; undefined if it is none. */
export function decodePaxTime(text: string): number | undefined {
  if (!/^-?\d+(\.\d*)?$/.test(text)) return undefined;
  const [whole = '', fraction = ''] = text.split('.');
  const seconds = Number(whole);
  if (!Number.isSafeInteger(seconds)) return undefined;
  const hasFraction = /[1-9]/.test(fraction);
  return (whole.startsWith('-') && hasFraction ? seconds - 1 : seconds) + 0;
}

/** A decimal PAX number that is not negative; undefined if it is none. */
export function decodePaxNumber(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A name for a message, in quotes: one that is too long to read is cut. */
export function shownName(name: string): string {
  return name.length <= LIMIT ? JSON.stringify(name) : `${JSON.stringify(name.slice(0, LIMIT))}…`;
}

/** UTF-16 units. */
const LIMIT = 160;
