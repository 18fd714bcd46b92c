import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree, removeTreeSync } from '../src/remove-tree.ts';
import { needs } from './support/needs.ts';
import { tempDir } from './support/temp-dir.ts';

/** So many directories inside one another, with files between: deeper than a path can say from the 2048th on. */
function makeDeep(root: string, depth: number): void {
  const hundred = Array.from({ length: 100 }, () => 'd').join('/');
  const step = `mkdir -p ${hundred} && cd -P ${hundred} && touch f .removed-1`;
  execFileSync('sh', ['-c', Array.from({ length: depth / 100 }, () => step).join(' && ')], { cwd: root });
}

for (const [name, remove] of Object.entries({ removeTree, removeTreeSync })) {
  for (const depth of [100, 1900, 3000]) {
    test(`${name}() removes ${depth} directories inside one another`, needs('sh'), async () => {
      await using temp = await tempDir(existsSync('/dev/shm') ? '/dev/shm' : undefined);
      const root = join(temp.path, 'root');
      await mkdir(join(root, 'beside'), { recursive: true });
      await writeFile(join(root, '.removed-1'), 'in the way');
      await mkdir(join(root, '.removed-2'));
      await writeFile(join(root, '.removed-2', 'f'), 'in the way');
      makeDeep(root, depth);
      await remove(root);
      assert.equal(existsSync(root), false);
    });
  }

  test(`${name}() of what is not there does nothing`, async () => {
    await using temp = await tempDir();
    await remove(join(temp.path, 'nothing'));
  });
}
