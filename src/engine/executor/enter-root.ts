import { type IdRange, ownIds } from './id-map.ts';
import { RootView } from './root-view.ts';
import { shellCommand } from './shell.ts';

/** What a person would type in a root, the best first. */
const shells = ['/bin/bash', '/bin/sh', '/bin/busybox'] as const;

/** The first shell that is in a root, as it is called there; undefined where there is none. `rootfs` is canonical. */
export async function shellIn(rootfs: string): Promise<readonly string[] | undefined> {
  const view = new RootView(rootfs);
  for (const shell of shells) {
    const at = await view.locate(shell);
    if (typeof at === 'string' || at.stats?.isFile() !== true || (at.stats.mode & 0o111) === 0) continue;
    return shell === '/bin/busybox' ? [shell, 'sh'] : [shell];
  }
  return undefined;
}

/**
 * The command by which whoever runs cip enters a root whose files have the owners that this process has given them: in a user
 * namespace with the same ids where it is in one. undefined where the root has no shell. `rootfs` is canonical.
 */
export async function enterCommand(rootfs: string): Promise<string | undefined> {
  const shell = await shellIn(rootfs);
  if (shell === undefined) return undefined;
  const { users, groups } = await ownIds();
  return shellCommand([...namespaceFor(users, groups), 'chroot', rootfs, ...shell]);
}

/** Nothing for root, who may do without. The ids as `--map-users` of every version takes them: outside, inside, count. */
export function namespaceFor(users: readonly IdRange[], groups: readonly IdRange[]): readonly string[] {
  const me = users.find(({ inside }) => inside === 0)?.outside;
  if (me === undefined || me === 0) return [];
  const map = (flag: string, ranges: readonly IdRange[]) =>
    ranges
      .filter(({ inside }) => inside !== 0)
      .slice(0, 1)
      .map(({ inside, outside, count }) => `${flag}=${outside},${inside},${count}`);
  return ['unshare', '--map-root-user', ...map('--map-users', users), ...map('--map-groups', groups)];
}
