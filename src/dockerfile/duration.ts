/** Nanoseconds per unit. Both micro signs of Unicode are in use. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const TERM = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/**
 * A duration as Go writes it, in nanoseconds: `30s`, `1m30s`, `1.5h`, `-5ms`, `0`. Undefined for anything else.
 * https://pkg.go.dev/time@go1.23.0#ParseDuration
 */
export function nanosecondsOf(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const terms = text.replace(/^[+-]/, '');
  if (terms === '0') return 0;
  if (terms === '') return undefined;
  let total = 0;
  TERM.lastIndex = 0;
  for (let at = 0; at < terms.length; at = TERM.lastIndex) {
    const match = TERM.exec(terms);
    if (!match) return undefined;
    total += Math.trunc(Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN));
  }
  return total < 2 ** 63 ? sign * total : undefined;
}
