import { BLOCK, fields } from './header.ts';
import { decodeNumber } from './numbers.ts';

/** Sum of all bytes of a header block, those of the checksum itself counted as blanks. */
export function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < FIRST; at += 1) sum += block[at]!;
  for (let at = FIRST + LENGTH; at < BLOCK; at += 1) sum += block[at]!;
  return sum + LENGTH * 0x20;
}

/** Whether the checksum in the block is its own: the sign by which a header is known. */
export function checksumMatches(block: Uint8Array): boolean {
  const want = decodeNumber(block, FIRST, LENGTH);
  const sum = checksum(block);
  if (want === sum) return true;
  // Some historic tars added the bytes as signed ones.
  let above = 0;
  for (let at = 0; at < BLOCK; at += 1) if (block[at]! > 127 && (at < FIRST || at >= FIRST + LENGTH)) above += 256;
  return want === sum - above;
}

const [FIRST, LENGTH] = fields.checksum;
