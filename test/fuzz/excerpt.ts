import fc from 'fast-check';

const most = 1200;

/** An input as text, its middle left out where it is long, and what repeats written once: `("ab" × 300)`. */
export function excerpt(input: unknown): string {
  const text = fc.stringify(input);
  const short = text.replace(
    /(.{1,24}?)\1{7,}/gsu,
    (whole, piece: string) => `(${piece} × ${whole.length / piece.length})`,
  );
  if (short.length <= most) return short;
  return `${short.slice(0, most / 2)} … ${short.slice(-most / 2)} (${text.length} characters)`;
}
