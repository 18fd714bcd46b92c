import { Chalk, type ChalkInstance } from 'chalk';

/** Functions that colour text, or give it back as it is where colours are off. */
export type Colors = ChalkInstance;

/** Whether and how to colour one stream. `NO_COLOR` and `never` win; then `always` and the variables that force it. */
export function colorsFor(
  choice: 'auto' | 'always' | 'never',
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Colors {
  return new Chalk({ level: isColoured(choice, env, isTerminal) ? 1 : 0 });
}

function isColoured(
  choice: 'auto' | 'always' | 'never',
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice === 'never' || env['NO_COLOR']) return false;
  if (choice === 'always' || isSet(env['FORCE_COLOR']) || isSet(env['CLICOLOR_FORCE'])) return true;
  return isTerminal && env['TERM'] !== 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
