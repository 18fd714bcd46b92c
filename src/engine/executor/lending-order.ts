import { realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { FailureError } from '../../result.ts';
import type { PlainMount } from './executor.ts';
import { bindSourceMissing, mountTargetInvalid } from './failure.ts';

/** A mount, and whether a directory is wanted at its target. */
export type Lending = PlainMount & { readonly isDirectory: boolean };

/**
 * Mounts in the order in which they can be moved into a root: one that is to be in another after that, and one whose source is in
 * that of another as well, since it is not at its own place by then. Sources are canonical. Throws FailureError.
 */
export async function inOrder(mounts: readonly PlainMount[]): Promise<readonly Lending[]> {
  const left: Lending[] = await Promise.all(
    mounts.map(async (mount) => (mount.type === 'bind' ? await canonical(mount) : { ...mount, isDirectory: true })),
  );
  const ordered: Lending[] = [];
  while (left.length > 0) {
    const index = left.findIndex((mount) => !left.some((other) => isBefore(other, mount)));
    if (index === -1) {
      throw new FailureError(mountTargetInvalid(left[0]!.target, 'it is in what is mounted there itself'));
    }
    ordered.push(...left.splice(index, 1));
  }
  return ordered;
}

/** Whether a canonical path is another one, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function isBefore(mount: PlainMount, other: PlainMount): boolean {
  const [above, below] = [mount, other].map(({ target }) => posix.resolve('/', target));
  if (above !== below && isWithin(below!, above!)) return true;
  if (mount.type !== 'bind' || other.type !== 'bind') return false;
  return mount.source !== other.source && isWithin(other.source, mount.source);
}

async function canonical(mount: PlainMount & { readonly type: 'bind' }): Promise<Lending> {
  try {
    const source = await realpath(mount.source);
    return { ...mount, source, isDirectory: (await stat(source)).isDirectory() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FailureError(bindSourceMissing(mount.source, mount.target), { cause: error });
  }
}
