import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeMountPoints } from '../../../src/engine/executor/mount-points.ts';
import { tempDir } from '../../support/temp-dir.ts';

const user = { uid: process.getuid!(), gid: process.getgid!(), additionalGids: [] };

test('steps that run at the same time make what each of them mounts on in one cache', async (t) => {
  await using dir = await tempDir();
  for (const name of ['cache', 'other']) mkdirSync(join(dir.path, name));
  writeFileSync(join(dir.path, 'file'), '');
  const mounts = [
    { type: 'bind', source: join(dir.path, 'cache'), target: '/c', readonly: false },
    { type: 'bind', source: join(dir.path, 'other'), target: '/c/a/b', readonly: false },
    { type: 'bind', source: join(dir.path, 'file'), target: '/c/d/file', readonly: false },
  ] as const;
  for (const round of Array(10).keys()) {
    await t.test(`round ${round}`, async () => {
      const cache = join(dir.path, `cache-${round}`);
      mkdirSync(cache);
      const steps = await Promise.all(
        [...Array(8).keys()].map(async (step) => {
          const root = join(dir.path, `root-${round}-${step}`);
          for (const name of ['', 'proc', 'sys', 'dev']) mkdirSync(join(root, name));
          const own = mounts.map((mount) => (mount.target === '/c' ? { ...mount, source: cache } : mount));
          const made = await makeMountPoints(
            root,
            { process: { cwd: '/c/deep/here', user, mounts: own }, mounts: own },
            { mounts: [] },
          );
          await made[Symbol.asyncDispose]();
          return made.steps.length;
        }),
      );
      assert.deepEqual(steps, Array(8).fill(3));
      assert.deepEqual(
        (readdirSync(cache, { recursive: true }) as string[])
          .sort()
          .map((name) => [name, (statSync(join(cache, name)).mode & 0o7777).toString(8)]),
        [
          ['a', '755'],
          ['a/b', '755'],
          ['d', '755'],
          ['d/file', '644'],
          ['deep', '755'],
          ['deep/here', '755'],
        ],
      );
    });
  }
});
