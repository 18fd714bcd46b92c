import { readFile } from 'node:fs/promises';
import { FailureError } from '../../result.ts';
import type { ProcessUser } from './executor.ts';
import { idNotMapped } from './failure.ts';

/** One line of a uid_map or gid_map: `count` ids from `inside` on are `outside` and on in the parent. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** https://man7.org/linux/man-pages/man7/user_namespaces.7.html */
export function parseIdMap(text: string): readonly IdRange[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
      return { inside: inside!, outside: outside!, count: count! };
    });
}

/** Which ids exist in the user namespace of this process. */
export interface Ids {
  readonly users: readonly IdRange[];
  readonly groups: readonly IdRange[];
  /** Whether a process may choose its supplementary groups. */
  readonly setGroups: boolean;
  /** Whether this process may give files away (CAP_CHOWN); true if not given. */
  readonly chown?: boolean | undefined;
}

/** Read from /proc/self: what holds for this process, in the namespaces it is in by now. */
export async function ownIds(): Promise<Ids> {
  const [users, groups, setGroups, status] = await Promise.all(
    ['uid_map', 'gid_map', 'setgroups', 'status'].map((file) => readFile(`/proc/self/${file}`, 'utf8')),
  );
  return {
    users: parseIdMap(users!),
    groups: parseIdMap(groups!),
    setGroups: setGroups!.trim() === 'allow',
    chown: hasChown(status!),
  };
}

/** Whether the text of /proc/self/status has CAP_CHOWN, which is bit 0, among the effective ones (capabilities(7)). */
function hasChown(status: string): boolean {
  const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return Number.parseInt(bits.at(-1)!, 16) % 2 === 1;
}

/** Images use ids up to 65534, nobody's: with fewer some files can't be given to their owners. */
const ENOUGH = 65_536;

/** Whether there are owners to whom no file can be given. */
export function areTooFew(ranges: readonly IdRange[]): boolean {
  return ranges.reduce((sum, { count }) => sum + count, 0) < ENOUGH;
}

/** All ids there are, each as itself: what the first user namespace of a machine has. */
export function areAll(ranges: readonly IdRange[]): boolean {
  const [range] = ranges;
  return range !== undefined && range.inside === 0 && range.outside === 0 && range.count === 0xffffffff;
}

/** The highest id that exists. */
export function lastOf(ranges: readonly IdRange[]): number {
  return Math.max(...ranges.map(({ inside, count }) => inside + count - 1));
}

/** `id` as it is inside the namespace. */
export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}

/** Fails with `id-not-mapped`. */
export function requireMapped(ids: Ids, user: ProcessUser): void {
  if (!isMapped(ids.users, user.uid)) throw new FailureError(idNotMapped('user', user.uid));
  // Root keeps its groups where nobody may choose them: that is what such a namespace loses.
  const groups = ids.setGroups ? [user.gid, ...user.additionalGids] : [user.gid];
  for (const gid of groups) if (!isMapped(ids.groups, gid)) throw new FailureError(idNotMapped('group', gid));
}
