import { type Failure, failed, ok, type Result } from '../result.ts';
import { binaryFile, invalidUtf8, savedAsUtf16 } from './failure.ts';
import { Source } from './source.ts';

/**
 * The text of a Dockerfile. A byte order mark stays in the text as its first character, so that spans are those of
 * the file and an edited text encodes to the same bytes elsewhere; `parseDockerfile` passes over it.
 */
export function decodeDockerfile(bytes: Uint8Array, file: string): Result<string> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const wrong = notText(text, file);
  if (wrong !== undefined) return failed([wrong]);
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    const offset = firstDifference(text, bytes);
    return failed([invalidUtf8(file, new Source(file, text).span(offset, offset + 1))]);
  }
}

/**
 * What is to be said of a file as a whole where each line of it would be a mistake: UTF-16, as PowerShell writes it, or no text
 * at all. `text` was leniently decoded as UTF-8. A NUL character alone is no sign of that, and has its own message.
 */
export function notText(text: string, file: string): Failure | undefined {
  if (utf16.test(text)) return savedAsUtf16(file);
  const isBinary = text.includes('\0\0\0\0') || (text.includes('\0') && text.includes('\ufffd'));
  return isBinary ? binaryFile(file) : undefined;
}

/** A byte order mark is two bytes that are no characters; of an ASCII character one byte is 0. */
const utf16 = /^(?:\ufffd\ufffd)?(?:(?:[^\0]\0){3}|(?:\0[^\0]){3})/;

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
