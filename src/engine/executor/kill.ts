import { readFile } from 'node:fs/promises';

/** At once and for sure; who is gone already is no matter. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** For processes that were started as the head of a group. */
export function killGroup(pid: number): void {
  kill(-pid);
}

/**
 * Kills the children of an unshare(1) that has made a pid namespace: its pid 1, and with it all that is in it.
 * unshare(1) waits for it, and so ends when nothing is left; killed itself, it would leave its child to die some time
 * later.
 */
export async function killChildren(pid: number): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter((text) => text !== '')) kill(Number(child));
}
