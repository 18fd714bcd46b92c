import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const loaded =
  'use strict; use warnings; use Errno; use Fcntl; use POSIX (); use Socket; use DynaLoader; print "$_\\n" for values %INC, @DynaLoader::dl_shared_objects';

/** Writes a root file system of a few megabytes: busybox, and this machine's perl with what attack.pl uses of it. */
export function writePerlRoot(root: string): void {
  const perl = realpathSync(linesOf('sh', ['-c', 'command -v perl'])[0]!);
  const libraries = linesOf('ldd', [perl]).flatMap((line) => /\/\S+/.exec(line) ?? []);
  for (const file of [...linesOf('perl', ['-e', loaded]), ...libraries]) copyInto(root, file, file);
  copyInto(root, perl, '/usr/bin/perl');
  copyInto(root, '/bin/busybox', '/bin/busybox');
  symlinkSync('busybox', join(root, 'bin/sh'));
  for (const name of ['etc', 'tmp', 'proc']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
}

function copyInto(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  copyFileSync(from, join(root, to));
  chmodSync(join(root, to), 0o755);
}

function linesOf(file: string, args: readonly string[]): readonly string[] {
  return execFileSync(file, args, { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}
