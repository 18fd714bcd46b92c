import fc from 'fast-check';

/** Bytes of the longest input. */
export const largest = (64 << 10) - 1;

/**
 * Text made of tokens: a few of them in any order, or a piece of some tokens many times over, up to 64 KiB, with other
 * tokens around it. Repeating is what finds quadratic time and deep recursion: `open × n`, `open × n, x, close × n`.
 */
export function pumped(tokens: readonly string[]): fc.Arbitrary<string> {
  const token = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...tokens) }, { weight: 1, arbitrary: anyText });
  const some = fc.array(token, { maxLength: 8 }).map((parts) => parts.join(''));
  const piece = fc.array(token, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const plain = fc.array(token, { maxLength: 60 }).map((parts) => parts.join(''));
  const once = fc
    .tuple(some, piece, size, some)
    .map(([before, each, bytes, after]) => before + times(each, bytes) + after);
  const twice = fc.tuple(some, piece, size, some, piece, some).map(([before, open, bytes, middle, close, after]) => {
    const half = times(open, bytes / 2);
    return before + half + middle + times(close, bytes / 2) + after;
  });
  return fc
    .oneof({ weight: 4, arbitrary: plain }, { weight: 3, arbitrary: once }, { weight: 3, arbitrary: twice })
    .map(cut);
}

/** A text of `seeds` with something of `inserted` put into it, in place of some of its characters. */
export function spliced(seeds: readonly string[], inserted: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...seeds), inserted, fc.nat(), fc.oneof(fc.constant(0), fc.nat({ max: 20 })))
    .map(([seed, text, at, removed]) => {
      const place = at % (seed.length + 1);
      return cut(seed.slice(0, place) + text + seed.slice(place + removed));
    });
}

/** At most 64 KiB less one byte of it, encoded as UTF-8. */
export function cut(text: string): string {
  if (text.length * 3 <= largest) return text;
  const bytes = Buffer.from(text);
  return bytes.length <= largest
    ? text
    : bytes
        .subarray(0, largest)
        .toString()
        .replace(/\ufffd+$/, '');
}

const anyText = fc.oneof(fc.string({ maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 4 }));

/** Bytes, as often large as small. */
const size = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 8000 }), fc.nat({ max: largest }), fc.constant(largest));

function times(piece: string, bytes: number): string {
  return piece.repeat(Math.floor(bytes / Math.max(1, Buffer.byteLength(piece))));
}
