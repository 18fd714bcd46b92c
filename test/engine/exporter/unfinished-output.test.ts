/** What killed processes have left of outputs, and what of it another one may take away. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sweepUnfinished, unfinishedName } from '../../../src/engine/exporter/unfinished-output.ts';
import { formatProcessIdentity, thisProcess } from '../../../src/store/process-identity.ts';
import { tempDir } from '../../support/temp-dir.ts';

const self = thisProcess();
/** Of a process that has ended. */
const ended = { ...self, pid: spawnSync('true').pid };
const named = (owner: typeof self, end = '') => `.cip-${formatProcessIdentity(owner)}-0123abcd${end}`;
const elsewhere = { ...self, boot: self.boot === '01234567' ? '76543210' : '01234567' };
const inContainer = { ...self, pidNamespace: '17' };

/** Hours since something happened in it. */
const rows: readonly (readonly [what: string, name: string, hours: number, isLeft: boolean])[] = [
  ['of this process', unfinishedName(), 100, false],
  ['of a process that has ended', named(ended), 0, true],
  ['what a process that has ended had moved away', named(ended, '-old'), 0, true],
  ['of a process that has ended and whose number is taken', named({ ...self, startTime: '1' }), 0, true],
  ['of another machine or an earlier boot', named(elsewhere), 23, false],
  ['of another machine or an earlier boot, long ago', named(elsewhere), 25, true],
  ['of a container', named(inContainer), 23, false],
  ['of a container, long ago', named(inContainer), 25, true],
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

test('a directory that is gone, or was never one, is nobody’s failure', async () => {
  await using dir = await tempDir();
  await sweepUnfinished(join(dir.path, 'none'));
  await writeFile(join(dir.path, 'file'), '');
  await sweepUnfinished(join(dir.path, 'file'));
});
