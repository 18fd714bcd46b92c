import type { Check } from '../check-machine.ts';
import type { Colors } from '../colors.ts';

/** A line per check, and one below it with what to do. */
export function doctorText(checks: readonly Check[], colors: Colors): string {
  const paint = { ok: colors.green, limited: colors.yellow, missing: colors.red };
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, state, message, hint }) => {
      const advice = hint === undefined || state === 'ok' ? '' : `${' '.repeat(width + 11)}fix: ${hint}\n`;
      return `${paint[state](state.padEnd(8))} ${name.padEnd(width)}  ${message}\n${advice}`;
    })
    .join('');
}
