import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { emptyTrash } from '../../src/store/trash.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

test('emptyTrash() removes trees, also what their owner may not write, and follows no links', async () => {
  await using dir = await tempDir();
  const trash = join(dir.path, 'trash');
  await mkdir(join(trash, 'tree', 'closed', 'deep'), { recursive: true });
  await mkdir(join(dir.path, 'kept'));
  await writeFile(join(dir.path, 'kept', 'file'), '');
  await symlink(join(dir.path, 'kept'), join(trash, 'tree', 'link'));
  await writeFile(join(trash, 'file'), '');
  await chmod(join(trash, 'tree', 'closed'), 0);
  assert.deepEqual(await emptyTrash(trash), []);
  assert.deepEqual(await readdir(trash), []);
  assert.deepEqual(await readdir(join(dir.path, 'kept')), ['file']);
});

/** Runs emptyTrash() as another user; prints what is left. */
async function asNobody(trash: string): Promise<unknown> {
  const module = join(import.meta.dirname, `../../src/store/trash${extname(import.meta.filename)}`);
  const script = `import { emptyTrash } from ${JSON.stringify(module)}; console.log(JSON.stringify(await emptyTrash(${JSON.stringify(trash)})));`;
  const { stdout } = await execa(process.execPath, [...process.execArgv, '--input-type=module', '-e', script], {
    uid: 65534,
    gid: 65534,
  });
  return JSON.parse(stdout);
}

test(
  'emptyTrash() opens closed directories of its user, and leaves and names those of others',
  needs('root', 'linux'),
  async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const trash = join(dir.path, 'trash');
    const own = (path: string) => chown(join(trash, path), 65534, 65534);
    for (const path of ['', 'mine', 'mine/closed', 'theirs', 'theirs/inner']) await mkdir(join(trash, path));
    for (const path of ['mine/closed/file', 'theirs/inner/file']) await writeFile(join(trash, path), '');
    for (const path of ['', 'mine', 'mine/closed', 'mine/closed/file', 'theirs']) await own(path);
    await chmod(join(trash, 'mine', 'closed'), 0);
    assert.deepEqual(await asNobody(trash), [join(trash, 'theirs')]);
    assert.deepEqual(await readdir(trash), ['theirs']);
    assert.deepEqual(await emptyTrash(trash), []);
  },
);
