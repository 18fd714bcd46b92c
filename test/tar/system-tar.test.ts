import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { readAll, tarOf } from './archive.ts';
import { failsWith } from './failing.ts';

const long = `${'directory/'.repeat(12)}`;

for (const format of ['gnu', 'pax', 'ustar', 'v7', 'oldgnu']) {
  test(`readTar() reads what tar writes as ${format}`, needs('tar'), async () => {
    await using dir = await tempDir();
    const deep = format === 'v7' ? 'short' : join(...long.split('/'));
    await mkdir(join(dir.path, deep), { recursive: true });
    await writeFile(join(dir.path, deep, 'file'), 'content');
    await chmod(join(dir.path, deep, 'file'), 0o640);
    await utimes(join(dir.path, deep, 'file'), 1_600_000_000.5, 1_600_000_000.5);
    await link(join(dir.path, deep, 'file'), join(dir.path, 'other'));
    await symlink(format === 'v7' ? 'x' : 'größe', join(dir.path, 'soft'));
    const name = join(deep, 'file');
    const list = `other\n${name}\nsoft\n`;
    const tar = execFileSync('tar', ['-c', `--format=${format}`, '-T', '-'], { cwd: dir.path, input: list });
    const read = (await readAll(tar)).map(({ type, name, linkName, mode, mtime, content }) => {
      return {
        type,
        name,
        linkName,
        mode: type === 'symlink' ? 0 : mode,
        mtime: type === 'symlink' ? 0 : mtime,
        content,
      };
    });
    const mtime = 1_600_000_000;
    assert.deepEqual(read, [
      { type: 'file', name: 'other', linkName: '', mode: 0o640, mtime, content: 'content' },
      { type: 'hardlink', name, linkName: 'other', mode: 0o640, mtime, content: '' },
      { type: 'symlink', name: 'soft', linkName: format === 'v7' ? 'x' : 'größe', mode: 0, mtime: 0, content: '' },
    ]);
  });
}

test('readTar() refuses what tar writes with --sparse', needs('tar', 'truncate'), async () => {
  await using dir = await tempDir();
  execFileSync('truncate', ['-s', '10M', join(dir.path, 'sparse')]);
  for (const format of ['gnu', 'pax']) {
    const tar = execFileSync('tar', ['-c', '--sparse', `--format=${format}`, 'sparse'], { cwd: dir.path });
    await assert.rejects(readAll(tar), failsWith('tar-unsupported-type'));
  }
});

test('tar lists what writeTar() writes', needs('tar'), async () => {
  const tar = await tarOf(
    { type: 'directory', name: 'd/', mode: 0o1777, mtime: 1_700_000_000 },
    { name: 'd/größe', content: 'x'.repeat(1000), mode: 0o4755, uid: 5_000_000, gid: 7, mtime: 1_700_000_000 },
    { type: 'symlink', name: `d/${long}link`, linkName: 'größe', mode: 0o777 },
    { type: 'hardlink', name: 'h', linkName: 'd/größe' },
    { type: 'fifo', name: 'p' },
    { type: 'char-device', name: 'null', devMajor: 1, devMinor: 3 },
  );
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' };
  const list = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--full-time'], { input: tar, env }).toString();
  assert.deepEqual(
    list
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxrwxrwt 0/0 0 2023-11-14 22:13:20 d/',
      '-rwsr-xr-x 5000000/7 1000 2023-11-14 22:13:20 d/größe',
      `lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 d/${long}link -> größe`,
      'hrw-r--r-- 0/0 0 1970-01-01 00:00:00 h link to d/größe',
      'prw-r--r-- 0/0 0 1970-01-01 00:00:00 p',
      'crw-r--r-- 0/0 1,3 1970-01-01 00:00:00 null',
    ],
  );
});
