import type { Option } from './options/option.ts';
import { flagOf, type OptionName, options } from './options.ts';

const byLetter = new Map(
  (Object.keys(options) as OptionName[]).flatMap((name) => {
    const { alias, kind }: Option = options[name];
    return alias === undefined
      ? []
      : [[alias, { flag: flagOf(name), takesValue: kind === 'string' || kind === 'list' }]];
  }),
);
const flags = new Set((Object.keys(options) as OptionName[]).map(flagOf));

/**
 * A word of short options, as one word for each: `-kvj2` → `-k`, `-v`, `--jobs=2`. An option that takes a value takes the
 * rest of the word, as getopt and docker have it, and the next word where there is no rest. Behind a letter that is no
 * option the rest may be its value, and is dropped; a flag with one dash, such as `-push`, is added to `unknown` as it is.
 * Any other word is given back.
 */
export function shortOptionsIn(word: string, unknown: string[]): readonly string[] {
  if (!/^-[A-Za-z]./s.test(word)) return [word];
  const long = /^-([^=]+)/.exec(word)![1]!;
  const found: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]!;
    const rest = word.slice(at + 1);
    const option = byLetter.get(letter);
    if (option?.takesValue && rest !== '') return [...found, `--${option.flag}=${rest.replace(/^=/, '')}`];
    if (option !== undefined && rest.startsWith('=')) return [...found, `--${option.flag}${rest}`];
    if (option === undefined && letter !== 'h') {
      if (!flags.has(long)) return [...found, `-${letter}`];
      unknown.push(`-${long}`);
      return [];
    }
    found.push(`-${letter}`);
  }
  return found;
}
