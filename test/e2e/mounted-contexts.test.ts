/**
 * Contexts on file systems that come as a whole: another one in the same place has files of the same numbers, sizes and times,
 * and its image has the bytes of its files all the same.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

interface Row {
  readonly needed: readonly string[];
  /** Makes a file system `$1` of the directory `$2`. */
  readonly make: string;
  readonly mount: string;
}

const ext4 = 'mke2fs -q -t ext4 -U 00000000-0000-0000-0000-000000000001 -d "$2" "$1" 1M';
const rows: Readonly<Record<string, Row>> = {
  'ext4, read-only': { needed: ['mke2fs'], make: ext4, mount: 'mount -o loop,ro' },
  'ext4, that could be written to': { needed: ['mke2fs'], make: ext4, mount: 'mount -o loop' },
  squashfs: {
    needed: ['mksquashfs'],
    make: 'mksquashfs "$2" "$1" -quiet -no-progress -noI -noD -noF -all-time 0 -mkfs-time 0',
    mount: 'mount -t squashfs -o loop,ro',
  },
  erofs: { needed: ['mkfs.erofs'], make: 'mkfs.erofs -T0 "$1" "$2"', mount: 'mount -t erofs -o loop,ro' },
};

for (const [title, { needed, make, mount }] of Object.entries(rows)) {
  test(`a context on ${title}`, needs('linux', 'root', 'loop devices', ...needed), async () => {
    await using rig = await Rig.setup({
      files: {
        'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY c/f /f\n',
        'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
        'contexts/00-base/c/.keep': '',
      },
    });
    const from = join(rig.project, 'from');
    await mkdir(from);
    await writeFile(join(from, 'f'), 'the first content\n');
    const [one, two] = [join(rig.project, 'one.img'), join(rig.project, 'two.img')];
    const makeImage = (image: string) => execFileSync('sh', ['-ec', make, 'sh', image, from], { stdio: 'ignore' });
    makeImage(one);
    if (make === ext4) {
      // It has times of its own each time it is made.
      const bytes = (await readFile(one)).toString('latin1').replace('the first content', 'the other content');
      await writeFile(two, bytes, 'latin1');
    } else {
      await writeFile(join(from, 'f'), 'the other content\n');
      makeImage(two);
    }
    const place = join(rig.project, 'contexts/00-base/c');
    const through = (image: string) => ({
      through: ['unshare', '--mount', 'sh', '-ec', `${mount} '${image}' '${place}'; exec "$@"`, 'sh'],
    });
    const shown = (image: string) =>
      execFileSync('unshare', [...through(image).through.slice(1), 'stat', '-c', '%i %s %Y %Z', join(place, 'f')]);
    assert.deepEqual(shown(one), shown(two), 'what is equal of both');

    // What changed just now is read again anyway.
    await delay(2_100);
    const ofEach = async (run: (image: string) => Promise<string>) => {
      const [first, other, again] = [await run(one), await run(two), await run(one)];
      assert.notEqual(first, other);
      assert.equal(first, again);
    };
    await ofEach(async (image) => {
      const { stdout, stderr } = await rig.cip('plan', '--json', through(image));
      const { images } = JSON.parse(stdout) as { images: { platforms: { key: string }[] }[] };
      assert.ok(images[0]?.platforms[0]?.key !== undefined, stderr);
      return images[0].platforms[0].key;
    });
    await ofEach(async (image) => {
      const build = ['build-image', 'contexts/00-base', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000'];
      const { stdout, stderr, status } = await rig.cip(...build, through(image));
      assert.equal(status, 0, stderr);
      return stdout;
    });
  });
}
