import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../support/temp-dir.ts';

const applets =
  'sh cat ls id env grep sleep mkdir touch chroot chown ip hostname stat rm ln mv tr find setsid kill seq head wc dd'.split(
    ' ',
  );

/**
 * A root file system of busybox. Its /proc, /sys and /dev are empty, and all times are those of an archive (whole seconds).
 * Belongs to `owner`, to whom the way to it is open.
 */
export async function makeRoot(
  owner: number,
): Promise<AsyncDisposable & { readonly path: string; readonly dir: string }> {
  const dir = await tempDir();
  chmodSync(dir.path, 0o755);
  const path = join(dir.path, 'root');
  for (const name of ['', 'bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'home', 'home/ada']) mkdirSync(join(path, name));
  chmodSync(join(path, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'));
  chmodSync(join(path, 'bin/busybox'), 0o755);
  for (const applet of applets) symlinkSync('busybox', join(path, 'bin', applet));
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n');
  writeFileSync(join(path, 'etc/group'), 'root:x:0:\nada:x:1000:\n');
  for (const name of ['', ...(readdirSync(path, { recursive: true }) as string[]), '.']) {
    lchownSync(join(path, name), owner, owner);
  }
  for (const name of ['home/ada', 'home', 'tmp', 'sys', 'proc', 'etc', 'dev', 'bin', ''])
    utimesSync(join(path, name), 1000, 2000);
  lchownSync(dir.path, owner, owner);
  return {
    path,
    dir: dir.path,
    // In user namespaces the owners are such as nobody else may remove; root may.
    async [Symbol.asyncDispose]() {
      execFileSync('rm', ['-rf', dir.path]);
    },
  };
}
