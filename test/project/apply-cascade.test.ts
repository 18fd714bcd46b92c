import assert from 'node:assert/strict';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { applyCascade } from '../../src/project/apply-cascade.ts';
import { type Cascade, planCascade } from '../../src/project/cascade.ts';
import { commitJournal, recoverCascade } from '../../src/project/cascade-journal.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import { loadProject } from '../../src/project/load.ts';
import { FailuresError, failuresOf as failuresOfError } from '../../src/result.ts';
import { tempDir } from '../support/temp-dir.ts';
import { failuresOf, image, succeeded, treeOf, writeProject } from './support/project-files.ts';
import { thirtyTwoImages } from './support/thirty-two-images.ts';

const signal = new AbortController().signal;
const threeImages = {
  '00-base': image('1.0.1', 'FROM scratch'),
  '01-mid': image('1.0.0', 'FROM $REGISTRY/base:1.0.0'),
  '02-leaf': image('1.0.0', 'FROM $REGISTRY/mid:1.0.0'),
};

async function planIn(directory: string): Promise<Cascade> {
  return succeeded(planCascade(dependencyGraph(succeeded(await loadProject(directory)))));
}

async function reasonsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => undefined,
    (rejection: unknown) => rejection,
  );
  return (failuresOfError(error) ?? []).map(({ reason }) => reason);
}

test('applyCascade() writes what was planned, and nothing else', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, thirtyTwoImages('0.0.3'));
  const before = await treeOf(directory.path);
  const cascade = await planIn(directory.path);
  await applyCascade(cascade, {}, signal);
  const planned = Object.fromEntries(cascade.files.map(({ file, after }) => [file, after]));
  assert.equal(Object.keys(planned).length, 60);
  assert.deepEqual(await treeOf(directory.path), { ...before, ...planned });
  assert.deepEqual(await readdir(directory.path), ['contexts']);
});

test('applyCascade() leaves nothing for a second run (Q80)', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  await applyCascade(await planIn(directory.path), {}, signal);
  const again = await planIn(directory.path);
  assert.deepEqual([again.bumps, again.files], [[], []]);
});

test('applyCascade() keeps permissions, links, CRLF, byte order marks and missing newlines (Q77)', async () => {
  await using directory = await tempDir();
  const dockerfile = '\ufeffARG REGISTRY\r\nFROM $REGISTRY/base:1.0.0\r\n# é';
  await writeProject(directory.path, {
    '00-base': image('1.0.1', 'FROM scratch'),
    '01-child': { 'Dockerfile.real': dockerfile, 'info.edn': '{:version "1.0.0"}' },
  });
  const context = join(directory.path, 'contexts', '01-child');
  await symlink('Dockerfile.real', join(context, 'Dockerfile'));
  await chmod(join(context, 'Dockerfile.real'), 0o640);
  await chmod(join(context, 'info.edn'), 0o755);
  await applyCascade(await planIn(directory.path), {}, signal);

  const entries = await readdir(context, { withFileTypes: true });
  assert.deepEqual(
    entries.map((entry) => [entry.name, entry.isSymbolicLink()]),
    [
      ['Dockerfile', true],
      ['Dockerfile.real', false],
      ['info.edn', false],
    ],
  );
  assert.deepEqual(await readFile(join(context, 'Dockerfile')), Buffer.from(dockerfile.replace('1.0.0', '1.0.1')));
  assert.deepEqual(await readFile(join(context, 'info.edn'), 'utf8'), '{:version "1.0.1"}');
  const modes = await Promise.all(['Dockerfile.real', 'info.edn'].map((name) => stat(join(context, name))));
  assert.deepEqual(
    modes.map(({ mode }) => mode & 0o7777),
    [0o640, 0o755],
  );
});

test('applyCascade() writes through contexts that are links out of the project', async () => {
  await using directory = await tempDir();
  await using elsewhere = await tempDir();
  await writeProject(directory.path, threeImages);
  await rename(join(directory.path, 'contexts', '01-mid'), join(elsewhere.path, 'mid'));
  await symlink(join(elsewhere.path, 'mid'), join(directory.path, 'contexts', '01-mid'));
  await applyCascade(await planIn(directory.path), {}, signal);
  assert.equal(await readFile(join(elsewhere.path, 'mid', 'info.edn'), 'utf8'), '{:version "1.0.1"}\n');
  assert.deepEqual((await planIn(directory.path)).bumps, []);
});

const otherFileSystem = await fileSystemBeside(tmpdir());
test('applyCascade() writes to other file systems', {
  skip: otherFileSystem === undefined && 'needs two file systems',
}, async () => {
  await using directory = await tempDir();
  const elsewhere = await mkdtemp(join(otherFileSystem ?? '', 'cip-test-'));
  try {
    await writeProject(directory.path, threeImages);
    await rename(join(directory.path, 'contexts', '01-mid', 'Dockerfile'), join(directory.path, 'Dockerfile'));
    await copyFile(join(directory.path, 'Dockerfile'), join(elsewhere, 'Dockerfile'));
    await chmod(join(elsewhere, 'Dockerfile'), 0o604);
    await rm(join(directory.path, 'Dockerfile'));
    await symlink(join(elsewhere, 'Dockerfile'), join(directory.path, 'contexts', '01-mid', 'Dockerfile'));
    await applyCascade(await planIn(directory.path), {}, signal);
    assert.deepEqual((await planIn(directory.path)).bumps, []);
    assert.deepEqual(await readdir(elsewhere), ['Dockerfile']);
    assert.equal((await stat(join(elsewhere, 'Dockerfile'))).mode & 0o7777, 0o604);
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});

/** A directory that files cannot be renamed to from here. */
async function fileSystemBeside(path: string): Promise<string | undefined> {
  const [here, there] = await Promise.all([stat(path), stat('/dev/shm').catch(() => undefined)]);
  return there !== undefined && there.dev !== here.dev ? '/dev/shm' : undefined;
}

test('applyCascade() changes a file once that two contexts share by a link', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  await symlink('01-mid', join(directory.path, 'contexts', '01-twin'));
  await applyCascade(await planIn(directory.path), {}, signal);
  assert.deepEqual((await planIn(directory.path)).bumps, []);
  assert.equal(await readFile(join(directory.path, 'contexts/01-twin/info.edn'), 'utf8'), '{:version "1.0.1"}\n');
});

test('applyCascade() writes nothing where a file has changed since', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  const cascade = await planIn(directory.path);
  await writeFile(join(directory.path, 'contexts/01-mid/Dockerfile'), 'FROM scratch # mine');
  await writeFile(join(directory.path, 'contexts/02-leaf/info.edn'), '{:version "9.0.0"}');
  const before = await treeOf(directory.path);
  const error = await applyCascade(cascade, {}, signal).catch((rejection: unknown) => rejection);
  assert.ok(error instanceof FailuresError);
  assert.deepEqual(
    error.failures.map(({ reason, message }) => [reason, message.split(' ')[0]]),
    [
      ['changed-since-planning', 'contexts/01-mid/Dockerfile'],
      ['changed-since-planning', 'contexts/02-leaf/info.edn'],
    ],
  );
  assert.deepEqual(await treeOf(directory.path), before);
});

test('applyCascade() writes nothing once it is aborted', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  const before = await treeOf(directory.path);
  await assert.rejects(applyCascade(await planIn(directory.path), {}, AbortSignal.abort()), { name: 'AbortError' });
  assert.deepEqual(await treeOf(directory.path), before);
});

test('applyCascade() copies the files first where it is told to (Q75)', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  const before = await treeOf(join(directory.path, 'contexts'));
  const backup = join(directory.path, 'before');
  await applyCascade(await planIn(directory.path), { backup }, signal);
  const { '00-base/Dockerfile': _dockerfile, '00-base/info.edn': _info, ...changed } = before;
  assert.deepEqual(await treeOf(join(backup, 'contexts')), changed);
});

/** A journal in force, as a process killed right after its commit leaves it: all files are still the old ones. */
async function interrupt(directory: string): Promise<Cascade> {
  const cascade = await planIn(directory);
  const replacements = cascade.files.map(({ path, before, after }) => ({
    path,
    before: Buffer.from(before),
    after: Buffer.from(after),
    mode: 0o644,
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  }));
  await commitJournal(directory, replacements);
  return cascade;
}

test('loadProject() finishes an interrupted cascade, and says so', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  await interrupt(directory.path);
  const project = succeeded(await loadProject(directory.path));
  assert.deepEqual(
    [...project.contexts.values()].map(({ version }) => version),
    ['1.0.1', '1.0.1', '1.0.1'],
  );
  assert.deepEqual(
    project.notices.map(({ reason }) => reason),
    ['cascade-finished'],
  );
  assert.deepEqual(await readdir(directory.path), ['contexts']);
});

test('recoverCascade() may run many times at once', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, thirtyTwoImages('0.0.3'));
  const cascade = await interrupt(directory.path);
  await Promise.all(Array.from({ length: 8 }, () => recoverCascade(directory.path)));
  const planned = Object.fromEntries(cascade.files.map(({ file, after }) => [file, after]));
  const tree = await treeOf(directory.path);
  assert.deepEqual(tree, { ...tree, ...planned });
  assert.deepEqual(await readdir(directory.path), ['contexts']);
});

test('recoverCascade() overwrites nothing that was changed since', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  await interrupt(directory.path);
  await writeFile(join(directory.path, 'contexts/02-leaf/Dockerfile'), 'FROM scratch # mine');
  const before = await treeOf(directory.path);
  assert.deepEqual(await reasonsOf(recoverCascade(directory.path)), ['cascade-interrupted']);
  assert.deepEqual(failuresOf(await loadProject(directory.path)), ['cascade-interrupted']);
  assert.deepEqual(await treeOf(directory.path), before);
});

test('recoverCascade() refuses a journal that it did not write', async () => {
  await using directory = await tempDir();
  await mkdir(join(directory.path, '.cip/cascade-journal'), { recursive: true });
  await writeFile(join(directory.path, '.cip/cascade-journal/journal.json'), '{"schema":"cip.cascade-journal/v0"}');
  assert.deepEqual(await reasonsOf(recoverCascade(directory.path)), ['cascade-journal-damaged']);
});

test('applyCascade() refuses a second cascade while one is in force, and leaves it alone', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, threeImages);
  await interrupt(directory.path);
  assert.deepEqual(await reasonsOf(commitJournal(directory.path, [])), ['cascade-in-progress']);
  assert.deepEqual(await readdir(join(directory.path, '.cip')), ['cascade-journal']);
});

test('recoverCascade() removes what a dead process was writing, and not what a living one is', async () => {
  await using directory = await tempDir();
  const dead = 2 ** 22 + 1; // Beyond what Linux gives out.
  await mkdir(join(directory.path, `.cip/cascade-${dead}-0abc`), { recursive: true });
  await mkdir(join(directory.path, `.cip/cascade-${process.ppid}-0abc`));
  assert.deepEqual(await recoverCascade(directory.path), []);
  assert.deepEqual(await readdir(join(directory.path, '.cip')), [`cascade-${process.ppid}-0abc`]);
});
