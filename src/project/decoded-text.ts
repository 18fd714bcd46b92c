import { failed, ok, type Result } from '../result.ts';
import { notUtf8 } from './failure.ts';
import { spanOf } from './source-span.ts';

/** A text file's characters and whether a byte order mark stood before them. */
export interface DecodedText {
  readonly text: string;
  readonly byteOrderMark: boolean;
}

/** Fails at the first byte that is not UTF-8. `file` is the name to show. */
export function decodeText(bytes: Uint8Array, file: string): Result<DecodedText> {
  const whole = decode(bytes, false);
  if (whole === undefined) return failed([notUtf8(invalidByteAt(bytes, file))]);
  const byteOrderMark = whole.startsWith('\uFEFF');
  return ok({ text: byteOrderMark ? whole.slice(1) : whole, byteOrderMark });
}

/** The bytes of `decodeText` again: every one of them is kept. */
export function encodeText(decoded: DecodedText): Buffer {
  return Buffer.from(decoded.byteOrderMark ? `\uFEFF${decoded.text}` : decoded.text, 'utf8');
}

function decode(bytes: Uint8Array, cutOff: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cutOff });
  } catch {
    return undefined;
  }
}

/** Bisects: a prefix of the bytes is valid up to the first bad one, and never again after it. */
function invalidByteAt(bytes: Uint8Array, file: string) {
  let [valid, invalid] = [0, bytes.length + 1];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (decode(bytes.subarray(0, middle), true) === undefined) invalid = middle;
    else valid = middle;
  }
  const before = decode(bytes.subarray(0, valid), true) ?? '';
  return spanOf({ file, text: before }, before.length, before.length);
}
