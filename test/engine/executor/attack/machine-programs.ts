import { existsSync, lchownSync, lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from '../../../../src/engine/executor/executor.ts';

/** The programs of the machine, so that there is a perl in a root that has only busybox. */
export function machinePrograms(root: string, owner: number): readonly Mount[] {
  const mounts: Mount[] = [{ type: 'bind', source: '/usr', target: '/usr', readonly: true }];
  for (const name of ['lib', 'lib64']) {
    if (!existsSync(`/${name}`)) continue;
    if (lstatSync(`/${name}`).isSymbolicLink()) {
      symlinkSync(readlinkSync(`/${name}`), join(root, name));
      lchownSync(join(root, name), owner, owner);
    } else mounts.push({ type: 'bind', source: `/${name}`, target: `/${name}`, readonly: true });
  }
  return mounts;
}
