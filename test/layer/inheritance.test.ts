/** What is made in a directory has nothing of it: neither a group, nor modes that an ACL decides. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { clearInheritance } from '../../src/layer/inheritance.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const own = process.getgid!();

const rows: readonly [title: string, prepare: (directory: string) => unknown, needed: Parameters<typeof needs>][] = [
  ['a setgid bit', (directory) => chmod(directory, 0o2755), ['root']],
  ['another group, which some file systems hand on (grpid)', (directory) => chown(directory, -1, 4711), ['root']],
  [
    'a default ACL',
    (directory) =>
      execFileSync('setfattr', [
        ...['-n', 'system.posix_acl_default'],
        // u::rwx, g::rwx, o::rwx
        ...['-v', '0x0200000001000700ffffffff04000700ffffffff20000700ffffffff', directory],
      ]),
    ['setfattr', 'getfattr'],
  ],
  ['nothing of its own', () => {}, []],
];

for (const [title, prepare, needed] of rows)
  test(`what is made in a directory with ${title}`, needs(...needed), async () => {
    await using temp = await tempDir();
    const directory = join(temp.path, 'session');
    await mkdir(directory);
    await prepare(directory);
    await clearInheritance(directory, own);
    const inside = join(directory, 'inside');
    await mkdir(inside, { mode: 0o750 });
    const [outer, inner] = [await stat(directory), await stat(inside)];
    assert.deepEqual([outer.mode & 0o7777, outer.gid], [0o700, own]);
    assert.deepEqual([inner.mode & 0o7777, inner.gid], [0o750 & ~process.umask(), own]);
  });
