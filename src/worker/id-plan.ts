import type { IsolationTier } from '../engine/engine-options.ts';
import { areTooFew, type IdRange } from '../engine/executor/id-map.ts';
import type { Failure } from '../result.ts';
import { idMapHelpersMissing, idsOfRootMissing, subuidRangeMissing } from './failure.ts';

/** How the ids of a new user namespace are mapped. */
export interface IdPlan {
  readonly tier: Exclude<IsolationTier, 'none'>;
  /** `direct`: written by this process; `helper`: by newuidmap(1) and newgidmap(1). */
  readonly by: 'direct' | 'helper';
  readonly users: readonly IdRange[];
  readonly groups: readonly IdRange[];
}

/** Who wants to map ids, and what the machine has for it. */
export interface IdFacts {
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  /** Of this process. */
  readonly users: readonly IdRange[];
  readonly groups: readonly IdRange[];
  /** Text of /etc/subuid and /etc/subgid; '' where there is none. */
  readonly subuid: string;
  readonly subgid: string;
  readonly hasHelpers: boolean;
}

/**
 * Plans to try, best first, and what keeps a better one from being there. Root hands on the ids it has, each as itself;
 * anyone else becomes root, and the ids of /etc/subuid the others.
 */
export function planIds(facts: IdFacts): { readonly plans: readonly IdPlan[]; readonly warnings: readonly Failure[] } {
  if (facts.uid === 0) {
    if (areTooFew(facts.users) || areTooFew(facts.groups)) {
      return { plans: [singleId(facts)], warnings: [idsOfRootMissing()] };
    }
    const same = (ranges: readonly IdRange[]) =>
      ranges.map(({ inside, count }) => ({ inside, outside: inside, count }));
    const all: IdPlan = { tier: 'root-map', by: 'direct', users: same(facts.users), groups: same(facts.groups) };
    return { plans: [all, singleId(facts)], warnings: [] };
  }
  const users = subordinate(facts.subuid, facts, facts.uid);
  const groups = subordinate(facts.subgid, facts, facts.gid);
  if (users === undefined || groups === undefined) {
    return { plans: [singleId(facts)], warnings: [subuidRangeMissing(facts.userName, freeId(facts))] };
  }
  if (!facts.hasHelpers) return { plans: [singleId(facts)], warnings: [idMapHelpersMissing()] };
  return { plans: [{ tier: 'subuid-map', by: 'helper', users, groups }, singleId(facts)], warnings: [] };
}

/** The text of a uid_map. */
export function idMapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

function singleId({ uid, gid }: IdFacts): IdPlan {
  const single = (outside: number) => [{ inside: 0, outside, count: 1 }];
  return { tier: 'single-uid', by: 'direct', users: single(uid), groups: single(gid) };
}

/** Above all ranges that somebody has, and above what distributions keep for people. */
function freeId({ subuid, subgid }: IdFacts): number {
  const ends = `${subuid}\n${subgid}`.split('\n').map((line) => {
    const [, start, count] = line.split(':').map(Number);
    return start! + count!;
  });
  return Math.max(100_000, ...ends.filter(Number.isSafeInteger));
}

/** All ranges of the user, one after the other, after root; undefined if they are too few. */
function subordinate(text: string, facts: IdFacts, own: number): readonly IdRange[] | undefined {
  const ranges: IdRange[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const line of text.split('\n')) {
    const [owner, start, count] = line.trim().split(':');
    if (owner !== facts.userName && owner !== String(facts.uid)) continue;
    if (!/^\d+$/.test(start ?? '') || !/^\d+$/.test(count ?? '')) continue;
    ranges.push({ inside, outside: Number(start), count: Number(count) });
    inside += Number(count);
  }
  return areTooFew(ranges) ? undefined : ranges;
}
