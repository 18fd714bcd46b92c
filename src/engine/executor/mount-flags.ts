import { mkdir, realpath } from 'node:fs/promises';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { FailureError } from '../../result.ts';
import { sandboxFailed } from './failure.ts';
import { mountTable } from './machine-view.ts';
import { lockedOptions, mountOf } from './mount-table.ts';
import type { ExecutorTools } from './tools.ts';

/** The mount that a directory is on, and what it takes away: programs that start, set-user-ID bits, devices. */
export interface MountFlags {
  readonly mountPoint: string;
  readonly noexec: boolean;
  readonly nosuid: boolean;
  readonly nodev: boolean;
}

/** Of an existing directory, in the mount namespace of this process. */
export async function mountFlagsOf(dir: string): Promise<MountFlags> {
  const [table, path] = await Promise.all([mountTable(), realpath(dir)]);
  const flags = lockedOptions(table, path);
  return {
    mountPoint: mountOf(table, path)?.mountPoint ?? '/',
    noexec: flags.includes('noexec'),
    nosuid: flags.includes('nosuid'),
    nodev: flags.includes('nodev'),
  };
}

/**
 * Makes a directory for an executor, from which programs can be started: where the file system starts none, memory is
 * mounted there. For a process with a mount namespace of its own, with which the mount goes.
 */
export async function makeExecutableDir(dir: string, { mount }: ExecutorTools): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { noexec } = await mountFlagsOf(dir);
  if (!noexec) return;
  const mounted = await runProgram(mount, {
    args: ['-n', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', dir],
    env: 'inherited',
  });
  if (!succeeded(mounted)) throw new FailureError(sandboxFailed(complaintOf(mounted)));
}

/** What steps lose by where the store is; one sentence, no full stop, and what to do about it. */
export interface LostByMount {
  readonly message: string;
  readonly fix: string;
}

const elsewhere = 'set CIP_STORE to a directory on another file system';

/** On `noexec`, where roots are overlays: those have flags of their own, and what is bound into them has the store's. */
export function lostInMounts({ mountPoint }: MountFlags): LostByMount {
  return {
    message: `the store is on ${mountPoint}, which is mounted noexec: files of RUN --mount cannot be started as programs`,
    fix: elsewhere,
  };
}

/** Where roots are copies in the store, and programs start there. */
export function lostInCopies({ mountPoint, nosuid, nodev }: MountFlags, isolation: string): readonly LostByMount[] {
  const lost: LostByMount[] = [];
  const on = (flag: string) => `the store is on ${mountPoint}, which is mounted ${flag}`;
  if (nosuid) {
    const message = `${on('nosuid')}: set-user-ID programs and file capabilities have no effect in steps`;
    lost.push({ message, fix: elsewhere });
  }
  // Elsewhere /dev is a mount of its own.
  if (nodev && isolation === 'chroot') {
    lost.push({ message: `${on('nodev')}: steps cannot use devices, /dev/null among them`, fix: elsewhere });
  }
  return lost;
}
