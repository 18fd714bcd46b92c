import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readXattrs, removeXattr, writeXattrs } from '../../src/layer/disk-xattrs.ts';
import { failuresOf } from '../../src/result.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { signal } from './entries.ts';

/** A Perl that is there and runs no script. */
const BROKEN = 'perl-without-modules';

function real(programs: readonly string[]): string[] {
  return programs.filter((program) => program !== BROKEN);
}

/** The program itself, where a manager of versions has put a script in its place. */
function whereIs(program: string): string {
  const own = program === 'python3' ? 'python3 -c "import sys; print(sys.executable)"' : `command -v ${program}`;
  return execFileSync('sh', ['-c', own]).toString().trim();
}

/** Only these programs on PATH, for as long as `act` takes. */
async function withPrograms<T>(dir: string, programs: readonly string[], act: () => Promise<T>): Promise<T> {
  const bin = join(dir, 'bin');
  await mkdir(bin);
  for (const program of programs)
    if (program === BROKEN) await writeFile(join(bin, 'perl'), '#!/bin/sh\nexit 2\n', { mode: 0o755 });
    else await symlink(await realpath(whereIs(program)), join(bin, program));
  const before = process.env['PATH'];
  process.env['PATH'] = bin;
  try {
    return await act();
  } finally {
    process.env['PATH'] = before;
  }
}

const programs: readonly [title: string, programs: readonly string[]][] = [
  ['attr', ['getfattr', 'setfattr']],
  ['perl', ['perl']],
  ['python3', ['python3']],
  ['a perl that cannot, then python3', ['perl-without-modules', 'python3']],
];

for (const [title, on] of [...programs, ['tar', ['tar']] as const]) {
  test(`readXattrs() through ${title}`, needs(...real(on), 'setfattr'), async () => {
    await using dir = await tempDir();
    const root = join(dir.path, 'root');
    await mkdir(join(root, 'd'), { recursive: true });
    for (const name of ['f', 'd/ü\n', '-e']) await writeFile(join(root, name), 'content');
    await symlink('d', join(root, 'link'));
    for (const [path, name, value] of [
      ['d', 'user.a', 'one'],
      ['d/ü\n', 'user.a', 'two'],
      ['d/ü\n', 'user.b', ''],
      ['-e', 'user.ä ö', '\n\\\0end'],
    ] as const)
      execFileSync('setfattr', ['-n', name, '-v', `0x${Buffer.from(value).toString('hex')}`, join(root, path)]);
    const read = await withPrograms(dir.path, on, () =>
      readXattrs(root, { paths: ['d', 'd/ü\n', 'f', '-e', 'link'], kinds: ['user'] }, signal),
    );
    assert.equal(read.available, true);
    assert.deepEqual(
      [...read.byPath],
      [
        ['d', { 'user.a': 'b25l' }],
        ['d/ü\n', { 'user.a': 'dHdv', 'user.b': '' }],
        ['-e', { 'user.ä ö': Buffer.from('\n\\\0end').toString('base64') }],
      ],
    );
  });
}

for (const [title, on] of programs) {
  test(`writeXattrs() and removeXattr() through ${title}`, needs(...real(on), 'getfattr', 'root'), async () => {
    await using dir = await tempDir();
    const root = join(dir.path, 'root');
    await mkdir(join(root, 'd'), { recursive: true });
    for (const name of ['f', 'd/ü\n']) await writeFile(join(root, name), 'content');
    await symlink('f', join(root, 'link'));
    const values = new Map<string, Record<string, string>>([
      ['d', { 'user.a': Buffer.from('one\n\0').toString('base64'), 'user.ä ö': '' }],
      ['d/ü\n', { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' }],
      ['f', { 'user.a': 'b25l' }],
      // Links have no attributes of users.
      ['link', { 'user.a': 'b25l' }],
      ['gone', { 'user.a': 'b25l' }],
    ]);
    const paths = ['d', 'd/ü\n', 'f'];
    const { skipped, removed, notRemoved } = await withPrograms(dir.path, on, async () => ({
      skipped: await writeXattrs(root, values, signal),
      removed: await removeXattr(root, { name: 'user.a', paths }, signal),
      notRemoved: await removeXattr(root, { name: 'user.a', paths: ['gone'] }, signal),
    }));
    assert.deepEqual([skipped, removed, notRemoved], [['link', 'gone'], true, false]);
    const read = await readXattrs(root, { paths, kinds: ['user', 'capability'] }, signal);
    assert.deepEqual(
      [...read.byPath],
      [
        ['d', { 'user.ä ö': '' }],
        ['d/ü\n', { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' }],
      ],
    );
  });
}

test('writeXattrs() and removeXattr() without any program', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'f'), '');
  const values = new Map([['f', { 'user.a': 'b25l' }]]);
  const skipped = await withPrograms(dir.path, ['tar'], () => writeXattrs(dir.path, values, signal));
  assert.deepEqual(skipped, ['f']);
  await using other = await tempDir();
  const removed = await withPrograms(other.path, ['tar'], () =>
    removeXattr(dir.path, { name: 'user.a', paths: ['f'] }, signal),
  );
  assert.equal(removed, false);
});

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
  ['writes more than is read', 'exec head -c 200000001 /dev/zero'],
];
for (const [what, does] of unreliable) {
  test(`readXattrs() fails where getfattr ${what}`, needs('linux'), () => failsWith({ getfattr: does }));
  test(`readXattrs() fails where a script ${what}`, needs('linux'), () => failsWith({ perl: does }));
}

/** With nothing on PATH but `programs`, and what they need. */
async function failsWith(programs: Readonly<Record<string, string>>): Promise<void> {
  await using dir = await tempDir();
  await withPrograms(dir.path, ['sh', 'head'], async () => {
    for (const [name, does] of Object.entries(programs))
      await writeFile(join(dir.path, 'bin', name), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    const read = readXattrs(dir.path, { paths: ['f'], kinds: ['user'] }, signal);
    await assert.rejects(read, (error) => failuresOf(error)?.[0]?.reason === 'program-failed');
  });
}
