import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ChangeTimes } from '../../src/context/change-times.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw';
const mounted = (rest: string) => `${root}\n40 22 ${rest}\n`;

/** The line of the mount that 9:9 or the directory is on → whether its times tell. */
const rows: readonly (readonly [title: string, line: string, tells: boolean])[] = [
  ['a disk', '9:9 / /c rw,relatime shared:2 master:1 - ext4 /dev/sdb1 rw', true],
  ['memory', '9:9 / /c rw - tmpfs tmpfs rw,size=1k', true],
  ['an overlay', '9:9 / /c rw - overlay overlay rw,lowerdir=/ro,upperdir=/b', true],
  ['a directory of a disk to read', '9:9 /sub /c ro,relatime - ext4 /dev/sdb1 rw', true],
  ['a disk to read', '9:9 / /c ro,relatime - ext4 /dev/sdb1 ro,errors=remount-ro', false],
  ['an image', '9:9 / /c rw - ext4 /dev/loop3 rw', false],
  ['squashfs', '9:9 / /c ro - squashfs /dev/sdb1 ro', false],
  ['squashfs that says nothing of it', '9:9 / /c rw - squashfs /dev/sdb1 rw', false],
  ['FUSE', '9:9 / /c rw - fuse.sshfs you@there: rw', false],
  ['FAT', '9:9 / /c rw - vfat /dev/sdb1 rw', false],
  ['a subvolume', '0:77 / /c rw - btrfs /dev/sdb1 rw', true],
  ['a subvolume to read', '0:77 / /c ro - btrfs /dev/sdb1 ro', false],
  ['below a name with blanks', '0:77 / /c\\040d ro - btrfs /dev/sdb1 ro', true],
];

describe('times of change', () => {
  for (const [title, line, tells] of rows)
    test(`of ${title} ${tells ? 'tell' : 'tell nothing'}`, async () => {
      assert.equal(await new ChangeTimes(mounted(line)).tell('9:9', '/c'), tells);
    });

  test('of the mount that is on top, and below it of the one that is nearest', async () => {
    const upper = mounted('0:77 / /c rw - btrfs /dev/sdb1 rw');
    assert.equal(await new ChangeTimes(`${upper}41 40 0:78 / /c ro - btrfs /dev/sdc1 ro\n`).tell('9:9', '/c/d'), false);
    assert.equal(
      await new ChangeTimes(`${upper}41 40 0:78 / /c/d ro - btrfs /dev/sdc1 ro\n`).tell('9:9', '/c/e'),
      true,
    );
    assert.equal(await new ChangeTimes(`${upper}41 40 0:78 / /c ro - btrfs /dev/sdc1 ro\n`).tell('9:9', '/cd'), true);
  });

  test('of each file system in a context by itself', async () => {
    const times = new ChangeTimes(mounted('9:9 / /c ro - squashfs /dev/sdb1 ro'));
    assert.deepEqual([await times.tell('8:1', '/c'), await times.tell('9:9', '/c')], [true, false]);
  });

  test('of a directory that a link leads to', async () => {
    await using directory = await tempDir();
    await mkdir(join(directory.path, 'real'));
    await symlink('real', join(directory.path, 'link'));
    const table = mounted(`0:77 / ${join(directory.path, 'real')} ro - btrfs /dev/sdb1 ro`);
    assert.equal(await new ChangeTimes(table).tell('9:9', join(directory.path, 'link')), false);
  });

  test('tell nothing where the mounts are not known', async () => {
    assert.equal(await new ChangeTimes('').tell('9:9', '/c'), false);
  });
});
