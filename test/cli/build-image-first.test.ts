/** What `cip build-image` refuses before it reads a Dockerfile: there is none here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const rows: Readonly<Record<string, readonly [args: readonly string[], reason: string, named: string]>> = {
  'an output that is a directory': [['.', '-o', 'type=oci,dest=d'], 'output-exists', '/d'],
  'an output that is a link to a directory': [['.', '-o', 'type=oci,dest=link'], 'output-exists', '/link'],
  'a directory that is a pipe': [['.', '-o', 'type=oci,dest=pipe,tar=false'], 'output-exists', '/pipe'],
  'an output that a system has no place for': [
    ['.', '-o', 'type=oci,dest=/sys/x.tar'],
    'output-unwritable',
    '/sys/x.tar',
  ],
  'a link to where nothing can be': [['.', '-o', 'type=oci,dest=nowhere'], 'output-unwritable', '--output'],
  'the second of two outputs': [['.', '-o', 'type=oci,dest=new.tar', '-o', 'type=oci,dest=d'], 'output-exists', '/d'],
};
for (const [title, [args, reason, named]] of Object.entries(rows))
  test(`build-image refuses ${title} first`, async () => {
    await using temp = await tempDir();
    const project = join(temp.path, 'project');
    await mkdir(join(project, 'd'), { recursive: true });
    await writeFile(join(project, 'd/file'), '');
    await symlink('d', join(project, 'link'));
    await symlink('/proc/nope', join(project, 'nowhere'));
    execFileSync('mkfifo', [join(project, 'pipe')]);
    const was = await readdir(project);
    const { failures } = await runHere(temp.path, ['build-image', ...args]);
    assert.deepEqual(
      failures.map((failure) => failure.reason),
      [reason],
    );
    assert.ok(failures[0]!.message.includes(named), failures[0]!.message);
    assert.equal(statusOf(failures), 2);
    assert.deepEqual(await readdir(project), was);
  });
