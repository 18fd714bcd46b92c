import { readFile } from 'node:fs/promises';

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
}

export async function ownIds(): Promise<Ids> {
  const [users, groups, setGroups] = await Promise.all(
    ['uid_map', 'gid_map', 'setgroups'].map((file) => readFile(`/proc/self/${file}`, 'utf8')),
  );
  return { users: parseIdMap(users!), groups: parseIdMap(groups!), setGroups: setGroups!.trim() === 'allow' };
}

/** Whether there is but one: no file can be given to anybody else. */
export function isOneId(ranges: readonly IdRange[]): boolean {
  return ranges.reduce((sum, { count }) => sum + count, 0) <= 1;
}

export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}
