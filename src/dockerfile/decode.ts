import { failed, ok, type Result } from '../result.ts';
import { invalidUtf8 } from './failure.ts';
import { Source } from './source.ts';

/**
 * The text of a Dockerfile. A byte order mark stays in the text as its first character, so that spans are those of
 * the file and an edited text encodes to the same bytes elsewhere; `parseDockerfile` passes over it.
 */
export function decodeDockerfile(bytes: Uint8Array, file: string): Result<string> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const offset = firstDifference(text, bytes);
    return failed([invalidUtf8(file, new Source(file, text).span(offset, offset + 1))]);
  }
}

/** Index of the first character of `text` that does not encode to the bytes it was leniently decoded from. */
function firstDifference(text: string, bytes: Uint8Array): number {
  const encoder = new TextEncoder();
  let at = 0;
  let index = 0;
  for (const char of text) {
    for (const byte of encoder.encode(char)) if (bytes[at++] !== byte) return index;
    index += char.length;
  }
  throw new Error('bytes that are not UTF-8 were decoded without a difference');
}
