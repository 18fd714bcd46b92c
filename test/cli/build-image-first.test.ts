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
  'a link to where nothing can be': [['.', '-o', 'type=oci,dest=nowhere'], 'output-unwritable', '/nowhere'],
  'a directory of files that is a file': [['.', '-o', 'pipe'], 'output-exists', '/pipe'],
  'two outputs in one file': [['.', '-o', 'type=oci,dest=x', '-o', 'type=tar,dest=./x'], 'outputs-collide', './x'],
  'two outputs in one file, by a link': [
    ['.', '-o', 'type=docker,dest=made', '-o', 'type=oci,dest=tomade'],
    'outputs-collide',
    'tomade',
  ],
  'two outputs in one file, by a link to a directory': [
    ['.', '-o', 'type=docker,dest=d/x', '-o', 'type=oci,dest=link/x'],
    'outputs-collide',
    'link/x',
  ],
  'two outputs in one pipe': [['.', '-o', 'type=tar,dest=pipe', '-o', 'type=oci,dest=pipe'], 'outputs-collide', 'pipe'],
  'an output in the directory of another': [
    ['.', '-o', 'd', '-o', 'type=oci,dest=link/x.tar'],
    'outputs-collide',
    'link/x.tar',
  ],
  'an output in a directory of another that is not there yet': [
    ['.', '-o', 'link/new/deep', '-o', 'd/new'],
    'outputs-collide',
    'd/new',
  ],
  'an output in the file for the id': [
    ['.', '-o', 'type=oci,dest=made', '--iidfile', 'tomade'],
    'outputs-collide',
    'tomade',
  ],
  'one file for the id and the rest': [['.', '--iidfile', 'x', '--metadata-file', './x'], 'outputs-collide', './x'],
  'an output in the file for the trace': [
    ['.', '-o', 'type=oci,dest=made', '--trace', 'tomade'],
    'outputs-collide',
    'tomade',
  ],
  'the trace in the directory of an output': [['.', '-o', 'd', '--trace', 'link/file'], 'outputs-collide', 'link/file'],
  'one file for the id and the trace': [['.', '--iidfile', 'x', '--trace', './x'], 'outputs-collide', './x'],
  'a cache in the place of an output': [
    ['.', '-o', 'type=local,dest=link', '--cache-to', 'type=local,dest=d'],
    'outputs-collide',
    ' d ',
  ],
  'a cache in the directory of an output': [
    ['.', '-o', 'd', '--cache-to', 'type=local,dest=link/.cache'],
    'outputs-collide',
    'link/.cache',
  ],
  'an output in the directory of a cache that is not there yet': [
    ['.', '-o', 'type=oci,tar=false,dest=new', '--cache-to', 'type=local,dest=./new'],
    'outputs-collide',
    './new',
  ],
  'an id in a directory that is not there': [['.', '--iidfile', 'nodir/x'], 'no-output-directory', 'nodir'],
  'an id in place of a directory': [['.', '--iidfile', 'd'], 'output-exists', '/d'],
  'two tars for standard output': [
    ['.', '-o', '-', '-o', 'type=docker,dest=-'],
    'contradictory-options',
    'type=docker',
  ],
  'a tar of files and a document on standard output': [['.', '-o', '-', '--json'], 'contradictory-options', '--json'],
  'a registry without a name': [['.', '-o', 'type=registry'], 'nothing-to-push', 'name'],
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
    await symlink('made', join(project, 'tomade'));
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
