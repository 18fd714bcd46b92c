import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import type { ExpansionRules } from '../dockerfile/expand.ts';
import { expand } from '../dockerfile/expand.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { parsePlatform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import type { Report } from './finding.ts';

/** Variables above the first FROM. */
export interface Globals {
  readonly values: ReadonlyMap<string, string>;
  /** As if no build argument were given. */
  readonly defaults: ReadonlyMap<string, string>;
  /** Names that an ARG declares, with or without a value. */
  readonly declared: ReadonlySet<string>;
}

/** Rule InvalidDefaultArgInFrom. */
export function checkDefaultBases(
  { stages }: Dockerfile,
  { globals, rules }: { readonly globals: Globals; readonly rules: ExpansionRules },
  report: Report,
): void {
  for (const { from } of stages) {
    const expanded = expand(from.image, globals.defaults, rules);
    if (!expanded.ok) return;
    if (!parseReference(expanded.value.value).ok)
      report('InvalidDefaultArgInFrom', from.at, `${from.image} names no image where no build argument is given`);
  }
}

/** Rules UndefinedArgInFrom, RedundantTargetPlatform and FromPlatformFlagConstDisallowed. */
export function checkBase(
  { from, name }: Stage,
  { globals, rules }: { readonly globals: Globals; readonly rules: ExpansionRules },
  report: Report,
): void {
  const known = new Set([...globals.declared, ...globals.values.keys()]);
  const undeclared = (unset: readonly string[]) => {
    for (const variable of unset.filter((one) => !known.has(one))) {
      const meant = suggestionFor(variable, known);
      const question = meant === undefined ? '' : `; did you mean ${meant}?`;
      report('UndefinedArgInFrom', from.at, `no ARG above the first FROM declares ${variable}${question}`);
    }
  };
  const image = expand(from.image, globals.values, rules);
  if (image.ok) undeclared(image.value.unset);
  if (from.platform === undefined) return;
  const platform = expand(from.platform, globals.values, rules);
  if (!platform.ok) return;
  const { value, unset, used } = platform.value;
  undeclared(unset);
  if (unset.length === 0 && used.length === 1 && used[0] === 'TARGETPLATFORM') {
    if (value === globals.values.get('TARGETPLATFORM'))
      report('RedundantTargetPlatform', from.at, `--platform=${from.platform} is what FROM does without it`);
  }
  if (unset.length > 0 || used.length > 0) return;
  const parsed = parsePlatform(value);
  if (!parsed.ok) return;
  if ([parsed.value.os, parsed.value.architecture].some((part) => name?.includes(part))) return;
  report('FromPlatformFlagConstDisallowed', from.at, `--platform=${value} is the same for every platform`);
}
