/** What killed processes have left of outputs, and what of it another one may take away. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { replaceTree } from '../../../src/engine/exporter/replace-tree.ts';
import { sweepUnfinished, unfinishedName } from '../../../src/engine/exporter/unfinished-output.ts';
import { formatProcessIdentity, thisProcess } from '../../../src/store/process-identity.ts';
import { tempDir } from '../../support/temp-dir.ts';

const self = thisProcess();
/** Of a process that has ended. */
const ended = { ...self, pid: spawnSync('true').pid };
const named = (owner: typeof self, end = '') => `.cip-${formatProcessIdentity(owner)}-0123abcd${end}`;
const elsewhere = { ...self, boot: self.boot === '01234567' ? '76543210' : '01234567' };
const inContainer = { ...self, pidNamespace: '17' };

/** What is done with each; what is of another machine or container is young here: nobody can set when something happened to a file. */
const rows: readonly (readonly [what: string, name: string, hours: number, isLeft: boolean])[] = [
  ['of this process', unfinishedName(), 100, false],
  ['of a process that has ended', named(ended), 0, true],
  ['what a process that has ended had moved away', named(ended, '-gone'), 0, true],
  ['of a process that has ended and whose number is taken', named({ ...self, startTime: '1' }), 0, true],
  ['of another machine or an earlier boot', named(elsewhere), 0, false],
  ['of another machine or an earlier boot, whose files are old', named(elsewhere), 100, false],
  ['of a container', named(inContainer), 0, false],
  ['of a container, whose files are old', named(inContainer), 100, false],
  ['of somebody else', '.cip-x', 1000, false],
  ['of somebody else, nearly so called', `${named(ended)}.txt`, 1000, false],
  ['not hidden', named(ended).slice(1), 1000, false],
];
for (const [what, name, hours, isLeft] of rows) {
  for (const kind of ['file', 'directory']) {
    test(`an unfinished ${kind} ${what}: ${isLeft ? 'removed' : 'stays'}`, async () => {
      await using dir = await tempDir();
      const path = join(dir.path, name);
      if (kind === 'directory') await mkdir(path);
      await writeFile(kind === 'directory' ? join(path, 'x') : path, 'x');
      const time = Date.now() / 1000 - hours * 3600;
      await utimes(path, time, time);
      await writeFile(join(dir.path, 'output'), '');
      await sweepUnfinished(dir.path);
      assert.deepEqual((await readdir(dir.path)).sort(), [...(isLeft ? [] : [name]), 'output'].sort());
    });
  }
}

test('an unfinished output of another machine or container in which nothing has happened for a day goes', async () => {
  for (const [hours, left] of [
    [23, [named(elsewhere), named(inContainer)]],
    [25, []],
  ] as const) {
    await using dir = await tempDir();
    for (const owner of [elsewhere, inContainer]) await mkdir(join(dir.path, named(owner)));
    // The time of the directory is that of what was made in it last.
    const time = Date.now() / 1000 + hours * 3600;
    await utimes(dir.path, time, time);
    await sweepUnfinished(dir.path);
    assert.deepEqual((await readdir(dir.path)).sort(), [...left].sort(), `${hours} hours`);
  }
});

test('what was about to be moved away is put back, where nothing is by now', async () => {
  await using dir = await tempDir();
  const old = join(dir.path, named(ended, '-old'));
  await mkdir(join(old, 'directory'), { recursive: true });
  await writeFile(join(old, 'directory', 'f'), 'old');
  await writeFile(join(old, 'kept'), 'old');
  await writeFile(join(old, 'anew'), 'old');
  await writeFile(join(dir.path, 'anew'), 'new');
  await sweepUnfinished(dir.path);
  assert.deepEqual((await readdir(dir.path)).sort(), ['anew', 'directory', 'kept']);
  assert.equal(await readFile(join(dir.path, 'directory', 'f'), 'utf8'), 'old');
  assert.equal(await readFile(join(dir.path, 'anew'), 'utf8'), 'new');
});

test('the files of an image take the place of all others but what processes are making', async () => {
  await using dir = await tempDir();
  const from = join(dir.path, unfinishedName());
  const others = [named(inContainer), named(ended), unfinishedName()];
  for (const one of [from, ...others.map((name) => join(dir.path, name))]) await mkdir(one);
  await writeFile(join(from, 'new'), '');
  await writeFile(join(dir.path, 'before'), '');
  await replaceTree(from, dir.path);
  assert.deepEqual((await readdir(dir.path)).sort(), [basename(from), ...others, 'new'].sort());
});

test('a directory that is gone, or was never one, is nobody’s failure', async () => {
  await using dir = await tempDir();
  await sweepUnfinished(join(dir.path, 'none'));
  await writeFile(join(dir.path, 'file'), '');
  await sweepUnfinished(join(dir.path, 'file'));
});
