import { chmod } from 'node:fs/promises';
import { runProgram } from '../program/run-program.ts';

/**
 * Makes what is made in `directory` (absolute, of this user alone) independent of it: a setgid directory hands on its
 * group, a default ACL decides the modes of all files below and makes umask(2) mean nothing. Both come from wherever
 * the directory was made. Where no program can remove ACLs, they stay. acl(5)
 */
export async function clearInheritance(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  // Most directories have none, which it calls a failure.
  await runProgram('setfattr', { args: ['--remove=system.posix_acl_default', '--', directory], env: 'inherited' });
}
