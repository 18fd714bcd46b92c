import assert from 'node:assert/strict';
import { mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { treeOf } from '../support/tree-of.ts';
import { changeContext, neighboursOf } from './neighbour.ts';

const stanza = 'ARG BASES\nFROM ${BASES}/busybox AS a1\n';

test('neighbours: a Dockerfile is another one in each way there is', () => {
  assert.deepEqual(neighboursOf(`${stanza}COPY --chmod=64 --link f /t/\n# comment 1\nUSER app\n`), [
    `${stanza}# comment 1\nUSER app\n`,
    `${stanza}COPY --link f /t/\n# comment 1\nUSER app\n`,
    `${stanza}COPY --chmod=64 f /t/\n# comment 1\nUSER app\n`,
    `${stanza}COPY --chmod=65 --link f /t/\n# comment 1\nUSER app\n`,
    `${stanza}COPY --chmod=64 --link fx /t/\n# comment 1\nUSER app\n`,
    `${stanza}COPY --chmod=64 --link f /t/\n# comment 1\n`,
    `${stanza}COPY --chmod=64 --link f /t/\n# comment 1\nUSER appx\n`,
  ]);
  assert.deepEqual(neighboursOf(stanza), []);
});

const before = { f: 'file 644 0:0 abc', d: 'dir 755 0:0', 'd/l': 'link f' };
const changes: readonly [choice: number, what: string | undefined, after: Record<string, string>][] = [
  [0, 'another target of d/l', { ...before, 'd/l': 'link x' }],
  [4, 'another content of f', { ...before, f: 'file 644 0:0 abb' }],
  [5, 'another mode of f', { ...before, f: 'file 755 0:0 abc' }],
  [6, 'another name of f', { fx: 'file 644 0:0 abc', d: before.d, 'd/l': before['d/l'] }],
  [7, 'without f', { d: before.d, 'd/l': before['d/l'] }],
];
for (const [choice, what, after] of changes) {
  test(`neighbours: a context ${what}, at the time it had`, {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    await using directory = await tempDir();
    const context = join(directory.path, 'context');
    await mkdir(join(context, 'd'), { recursive: true });
    await writeFile(join(context, 'f'), 'abc');
    await symlink('f', join(context, 'd/l'));
    for (const path of ['f', 'd', '.']) await utimes(join(context, path), 1000, 2000);
    assert.equal(await changeContext(context, choice), what);
    assert.deepEqual(await treeOf(directory.path, 'context'), after);
    assert.equal((await stat(context)).mtimeMs, 2_000_000);
  });
}

test('neighbours: a context without files has none', async () => {
  await using directory = await tempDir();
  assert.equal(await changeContext(directory.path, 3), undefined);
});
