import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogFiles, runName } from '../../src/cli/log-file.ts';
import { tempDir } from '../support/temp-dir.ts';

const started = (image: string, step: string, name: string) =>
  ({ type: 'step-started', image, step, name, platform: 'linux/amd64' }) as const;
const said = (image: string, step: string, text: string) =>
  ({ type: 'step-output', image, step, text, stream: 'stdout' }) as const;

test('log files: steps that run side by side are told apart, in one file per image', async () => {
  await using dir = await tempDir();
  const logs = new LogFiles(dir.path, 'run', assert.fail);
  logs.emit(started('web', 'a', 'RUN make'));
  logs.emit(started('web', 'b', 'RUN test'));
  logs.emit(said('web', 'a', 'one\ntw'));
  logs.emit(said('web', 'b', 'other\n\n'));
  logs.emit(said('web', 'a', 'o'));
  logs.emit({ type: 'step-finished', image: 'web', step: 'a', duration: 1500 });
  logs.emit(started('jq', 'a', 'RUN jq'));
  logs.emit({ type: 'image-failed', image: 'web', message: 'it failed' });

  assert.equal(logs.pathFor('web'), join(dir.path, 'run', 'web.log'));
  assert.deepEqual((await readFile(join(dir.path, 'run', 'web.log'), 'utf8')).split('\n'), [
    '#1 linux/amd64 RUN make',
    '#2 linux/amd64 RUN test',
    '#1 one',
    '#2 other',
    '#2',
    '#1 two',
    '#1 done 1.5s',
    '#2 not finished',
    'failed: it failed',
    '',
  ]);
  assert.equal(await readFile(join(dir.path, 'run', 'jq.log'), 'utf8'), '#3 linux/amd64 RUN jq\n');
});

test('log files: nothing is written where no step ran', async () => {
  await using dir = await tempDir();
  const logs = new LogFiles(join(dir.path, 'logs'), 'run', assert.fail);
  logs.emit({ type: 'image-failed', image: 'web', message: 'refused' });
  assert.equal(logs.pathFor('web'), undefined);
  assert.deepEqual(await readdir(dir.path), []);
});

test('log files: the newest twenty runs are kept', async () => {
  await using dir = await tempDir();
  const old = Array.from({ length: 25 }, (_, day) => `2026-01-${String(day + 1).padStart(2, '0')}T00-00-00-1`);
  for (const run of old) await mkdir(join(dir.path, run));
  const run = runName(Date.UTC(2026, 10, 21, 9, 30), 4711);
  new LogFiles(dir.path, run, assert.fail).emit(started('web', 'a', 'RUN x'));
  assert.deepEqual((await readdir(dir.path)).sort(), [...old.slice(-19), '2026-11-21T09-30-00-4711']);
});

test('log files: a directory that cannot be written is told once and stops nothing', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'logs'), 'a file');
  const warnings: string[] = [];
  const logs = new LogFiles(join(dir.path, 'logs'), 'run', (message) => warnings.push(message));
  logs.emit(started('web', 'a', 'RUN x'));
  logs.emit(said('web', 'a', 'text\n'));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^no full logs of this run: /);
  assert.equal(logs.pathFor('web'), undefined);
});
