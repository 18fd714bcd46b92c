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

/** Nanoseconds as Go writes them: `0s`, `1.5ms`, `5s`, `1m0s`, `1h0m0.5s`. https://pkg.go.dev/time@go1.23.0#Duration.String */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const sign = nanoseconds < 0 ? '-' : '';
  const size = Math.abs(nanoseconds);
  if (size < 1e9) {
    const [unit, length] = size < 1e3 ? ['ns', 1] : size < 1e6 ? ['\u00b5s', 1e3] : ['ms', 1e6];
    return `${sign}${size / Number(length)}${unit}`;
  }
  const seconds = Math.floor(size / 1e9);
  const fraction =
    size % 1e9 === 0
      ? ''
      : `.${String(size % 1e9)
          .padStart(9, '0')
          .replace(/0+$/, '')}`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const front = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${sign}${front}${seconds % 60}${fraction}s`;
}
