import { isDeepStrictEqual } from 'node:util';
import { deviationOf } from './case.ts';
import type { Comparison } from './compare.ts';
import { isForced } from './identity.ts';
import { reasonsIn } from './reasons.ts';

/** What a run makes of a case: those after `known` fail it. */
export type Verdict =
  | 'equal'
  | 'refused'
  | 'deviation'
  | 'known'
  | 'new'
  | 'no deviation'
  | 'not known'
  | 'no refusal'
  | 'other refusal';

/** Names of cases that cip does not build as BuildKit does yet, and why: `known.json`. */
export type KnownDifferences = Readonly<Record<string, string>>;

/**
 * `new`: differs, and nobody wrote that down. `no deviation` and `not known`: it is written down that the case differs, and it
 * does not, so what is written down can only become less. `other refusal`: both refuse
 * it, which shows nothing unless it is for the reason that the case is about; `no refusal`: both build what was to be refused.
 */
export function verdictOf(comparison: Comparison, known: KnownDifferences): Verdict {
  const { case: one, identity, outcome, differences, refused = '' } = comparison;
  const { name, args } = one;
  const differs = outcome === 'different';
  if (differences.some(({ at, ours }) => at === 'outcome' && isForced(String(ours), identity))) return 'deviation';
  if (deviationOf(one, identity) !== undefined) return differs ? 'deviation' : 'no deviation';
  if (Object.hasOwn(known, name)) return differs ? 'known' : 'not known';
  if (differs) return 'new';
  if (outcome === 'equal') return args.refused.length > 0 ? 'no refusal' : 'equal';
  return isForced(refused, identity) || isDeepStrictEqual(reasonsIn(refused), args.refused)
    ? 'refused'
    : 'other refusal';
}

const failing: ReadonlySet<Verdict> = new Set(['new', 'no deviation', 'not known', 'no refusal', 'other refusal']);

export function isFailure(verdict: Verdict): boolean {
  return failing.has(verdict);
}

/** One line: how many cases have which verdict, those that fail only if there are any. */
export function summaryOf(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  const failures = [
    [count('new'), 'differ and are not known'],
    [count('not known'), 'are known to differ and do not'],
    [count('no deviation'), 'do not deviate as they say'],
    [count('no refusal'), 'are built and say that they are refused'],
    [count('other refusal'), 'are refused for another reason than they say'],
  ] as const;
  return [
    `${verdicts.length} cases: ${count('equal')} equal`,
    `${count('refused')} refused by both`,
    `${count('deviation')} deviate on purpose`,
    `${count('known')} known to differ`,
    ...failures.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : [])),
  ].join(', ');
}

/** Every `count`th one, from `number` on, which counts from 1: the slices of a list have nothing in common and are all of it. */
export function sliceOf<T>(list: readonly T[], number: number, count: number): readonly T[] {
  return list.filter((_, index) => index % count === number - 1);
}

/** What is known after a run: cases that now differ are added with `why`, those that do not are gone. Sorted. */
export function updated(
  known: KnownDifferences,
  results: readonly { readonly name: string; readonly verdict: Verdict; readonly why: string }[],
): KnownDifferences {
  const gone = new Set(
    results.flatMap(({ name, verdict }) => (verdict === 'known' || verdict === 'new' ? [] : [name])),
  );
  const kept = Object.entries(known).filter(([name]) => !gone.has(name));
  const added = results.flatMap(({ name, verdict, why }) => (verdict === 'new' ? [[name, why] as const] : []));
  return Object.fromEntries([...kept, ...added].sort(([a], [b]) => (a < b ? -1 : 1)));
}
