import { chmod, chown, stat } from 'node:fs/promises';
import { removeXattr } from './disk-xattrs.ts';

/**
 * Makes what is made in `directory` (absolute, of this user alone) independent of it: a setgid directory hands on its
 * group, a default ACL decides the modes of all files below and makes umask(2) mean nothing. Both come from wherever
 * the directory was made. Where nobody can remove them, they stay. acl(5)
 *
 * `gid` is the group of this process, and of what it makes: file systems mounted with `grpid` take that of the directory.
 */
export async function clearInheritance(directory: string, gid: number): Promise<void> {
  if ((await stat(directory)).gid !== gid)
    await chown(directory, -1, gid).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPERM') throw error;
    });
  await chmod(directory, 0o700);
  await removeXattr(directory, { name: 'system.posix_acl_default', paths: ['.'] }, AbortSignal.any([]));
}
