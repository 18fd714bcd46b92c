import { failed, ok, type Result } from '../result.ts';
import { isExperimental, type RuleName } from './rules.ts';

/** What `# check=` says. */
export interface LintSettings {
  readonly skip: ReadonlySet<string> | 'all';
  readonly experimental: ReadonlySet<string> | 'all';
  /** Whether a finding fails a build. */
  readonly isError: boolean;
}

/** Where nothing is said. */
export const defaultSettings: LintSettings = { skip: new Set(), experimental: new Set(), isError: false };

const yes: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const no: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * `skip=A,B;experimental=all;error=true`; of one that is given twice the last. Fails with the option that is none.
 * https://docs.docker.com/reference/dockerfile/#check
 */
export function parseLintSettings(text: string): Result<LintSettings, string> {
  let settings = defaultSettings;
  const written = text.trim();
  for (const part of written === '' ? [] : written.split(';')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0)).trim();
    const value = part.slice(equals + 1).trim();
    if (name === 'skip' || name === 'experimental') settings = { ...settings, [name]: namesIn(value) };
    else if (name === 'error' && (yes.has(value) || no.has(value))) settings = { ...settings, isError: yes.has(value) };
    else return failed(part);
  }
  return ok(settings);
}

function namesIn(value: string): LintSettings['skip'] {
  return value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
}

/** The settings with those of a comment above one instruction, which adds to them and never makes errors. */
export function mergedSettings(settings: LintSettings, more: LintSettings): LintSettings {
  return {
    ...settings,
    skip: union(settings.skip, more.skip),
    experimental: union(settings.experimental, more.experimental),
  };
}

function union(a: LintSettings['skip'], b: LintSettings['skip']): LintSettings['skip'] {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

/** Whether what the rule finds counts. */
export function ruleCounts(rule: RuleName, { skip, experimental }: LintSettings): boolean {
  if (isExperimental(rule)) return experimental === 'all' || experimental.has(rule);
  return skip !== 'all' && !skip.has(rule);
}
