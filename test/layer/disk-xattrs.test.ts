import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readXattrs } from '../../src/layer/disk-xattrs.ts';
import { failuresOf } from '../../src/result.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { signal } from './entries.ts';

/** Only these programs on PATH, for as long as `act` takes. */
async function withPrograms<T>(dir: string, programs: readonly string[], act: () => Promise<T>): Promise<T> {
  const bin = join(dir, 'bin');
  await mkdir(bin);
  for (const program of programs)
    await symlink(
      execFileSync('sh', ['-c', `command -v ${program}`])
        .toString()
        .trim(),
      join(bin, program),
    );
  const before = process.env['PATH'];
  process.env['PATH'] = bin;
  try {
    return await act();
  } finally {
    process.env['PATH'] = before;
  }
}

for (const program of ['getfattr', 'tar']) {
  test(`readXattrs() through ${program}`, needs(program, 'setfattr'), async () => {
    await using dir = await tempDir();
    const root = join(dir.path, 'root');
    await mkdir(join(root, 'd'), { recursive: true });
    for (const name of ['f', 'd/ü\n']) await writeFile(join(root, name), 'content');
    for (const [path, value] of [
      ['d', 'one'],
      ['d/ü\n', 'two'],
    ] as const)
      execFileSync('setfattr', ['-n', 'user.a', '-v', value, join(root, path)]);
    const read = await withPrograms(dir.path, [program], () =>
      readXattrs(root, { paths: ['d', 'd/ü\n', 'f'], kinds: ['user'] }, signal),
    );
    assert.equal(read.available, true);
    assert.deepEqual(
      [...read.byPath],
      [
        ['d', { 'user.a': 'b25l' }],
        ['d/ü\n', { 'user.a': 'dHdv' }],
      ],
    );
  });
}

test('readXattrs() without any program says so', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'f'), '');
  const read = await withPrograms(dir.path, [], () => readXattrs(dir.path, { paths: ['f'], kinds: ['user'] }, signal));
  assert.deepEqual([read.available, read.byPath.size], [false, 0]);
});

test('readXattrs() of more paths than one command line takes', needs('getfattr', 'setfattr'), async () => {
  await using dir = await tempDir();
  const [plain, last] = ['long-name-'.repeat(20), 'last'];
  for (const path of [plain, last]) await writeFile(join(dir.path, path), '');
  execFileSync('setfattr', ['-n', 'user.a', '-v', 'x', join(dir.path, last)]);
  const paths = [...Array.from({ length: 4000 }, () => plain), last];
  const { byPath } = await readXattrs(dir.path, { paths, kinds: ['user'] }, signal);
  assert.deepEqual([...byPath.keys()], [last]);
});

/** What a getfattr does that does not come to its end. */
const unreliable: readonly [what: string, does: string][] = [
  ['is killed after some of them', 'printf "# file: f\\nuser.a=0sYQ==\\n"; kill -s KILL $$'],
  ['is killed before it has said anything', 'kill -s KILL $$'],
  ['writes more than is read', 'exec head -c 100000001 /dev/zero'],
];
for (const [what, does] of unreliable) {
  test(`readXattrs() fails where getfattr ${what}`, needs('linux'), async () => {
    await using dir = await tempDir();
    await writeFile(join(dir.path, 'getfattr'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = `${dir.path}:${before}`;
    try {
      const read = readXattrs(dir.path, { paths: ['f'], kinds: ['user'] }, signal);
      await assert.rejects(read, (error) => failuresOf(error)?.[0]?.reason === 'program-failed');
    } finally {
      process.env['PATH'] = before;
    }
  });
}
