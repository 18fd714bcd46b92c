/**
 * Generated contexts and Dockerfiles one edit apart: equal keys are equal layers, unequal ones are not; and nothing comes
 * to be in a layer that the key does not count, whatever is written into the rest of the context meanwhile.
 */
import assert from 'node:assert/strict';
import { chmod, lstat, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { ContextBuilds } from './context-build.ts';
import { ContextFolder, type FolderFiles } from './context-folder.ts';

const builds = await ContextBuilds.open();
after(() => builds[Symbol.asyncDispose]());

const names = [
  'a',
  'b',
  'c.txt',
  'd.txt',
  'x',
  'x/a',
  'x/e.txt',
  'x/y',
  'x/y/a',
  'z/a',
  '.h',
  'we[i]rd',
  'l',
  'x/l',
  'v-1',
  'v-2',
];
const path = fc.constantFrom(...names);
const mode = fc.constantFrom(0o644, 0o664, 0o600, 0o755, 0o775, 0o640, 0o4755);
const file = fc.oneof(
  { weight: 5, arbitrary: fc.record({ content: fc.constantFrom('', '1', '22'), mode }) },
  { weight: 1, arbitrary: fc.record({ content: fc.constant(null), mode: fc.constantFrom(0o755, 0o775, 0o700) }) },
  { weight: 2, arbitrary: fc.constantFrom('-> a', '-> x', '-> ../a', '-> /x/y', '-> nowhere', '-> l') },
);

/** Paths whose parents are no files. */
const context: fc.Arbitrary<FolderFiles> = fc
  .dictionary(path, file, { minKeys: 3, maxKeys: names.length })
  .map((found) => {
    const isDirectory = (one: FolderFiles[string] | undefined) =>
      one === undefined || (typeof one === 'object' && one?.content === null);
    const fits = (one: string) => {
      const parts = one.split('/');
      return parts.slice(1).every((_, index) => isDirectory(found[parts.slice(0, index + 1).join('/')]));
    };
    return Object.fromEntries(
      Object.entries(found)
        .filter(([one]) => fits(one))
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  });

const source = fc.constantFrom(
  '.',
  'a',
  'b',
  '*.txt',
  'x',
  'x/',
  'x/*',
  '?',
  'l',
  'x/l',
  '*/a',
  'x/./y',
  '**/a',
  'v-$V',
  'we[[]i]rd',
  '.h*',
  '$UNSET.',
  '../a',
);
const flags = fc
  .tuple(
    fc.constantFrom('', '--parents', '--link'),
    fc.constantFrom('', '--exclude=*.txt', '--exclude=**/a', '--exclude=** --exclude=!y'),
    fc.constantFrom('', '--chmod=600', '--chmod=g+w', '--chmod=u=rwX'),
    fc.constantFrom('', '--chown=3:4'),
  )
  .map((all) => all.filter((flag) => flag !== '').join(' '));
const instruction = fc.oneof(
  fc.tuple(fc.constant('COPY'), flags, source).map((words) => `${words.join(' ')} /to/`),
  source.map((one) => `ADD ${one} /to/`),
  fc
    .constantFrom('', 'source=x,', 'source=a,', 'source=x/y,', 'source=v-$V,', 'source=we[i]rd,')
    .map((one) => `RUN --mount=${one}target=/m true`),
);
const ignore = fc.subarray(['*.txt', 'x', '!x/y', '**/a', '.h', '!.h', 'v-*']).map((lines) => lines.join('\n'));
const edit = fc.tuple(path, fc.constantFrom('write', 'remove', 'mode', 'replace'), file, mode);

test('equal keys are equal layers, and layers hold what is counted', async () => {
  const runs = Number(process.env['CIP_CONTEXT_RUNS'] ?? 150);
  const lines = fc.array(instruction, { minLength: 1, maxLength: 3 });
  let told = 0;
  await fc.assert(
    fc.asyncProperty(context, lines, ignore, edit, async (files, instructions, patterns, [where, how, what, bits]) => {
      await using folder = await ContextFolder.make(files);
      const dockerfile = `FROM scratch\nARG V=1\n${instructions.join('\n')}\n`;
      const build = { folder, dockerfile, ignore: patterns };
      const first = await builds.decide(build);
      const layers = await builds.pack(build, first);
      assert.ok(!layers.some((one) => one === 'context-not-counted' || one === 'context-changing'), layers.join());

      await scribble(folder, new Set(Object.keys(first.listing.paths)));
      assert.deepEqual(await builds.pack(build, first), layers, 'something that does not count is in a layer');

      await folder.replace(files);
      await apply(folder, where, how, what as FolderFiles[string], bits);
      const second = await builds.decide(build);
      const layersAfter = await builds.pack(build, second);
      // A build that fails makes no image.
      if (![...layers, ...layersAfter].every((one) => one.startsWith('sha256:'))) return;
      told += 1;
      assert.deepEqual(
        [first.listing.digest === second.listing.digest, layers.join() === layersAfter.join()],
        first.listing.digest === second.listing.digest ? [true, true] : [false, false],
        `${JSON.stringify(first.listing)} ${JSON.stringify(second.listing)}`,
      );
    }),
    { numRuns: runs },
  );
  assert.ok(told > runs / 4, `only ${told} of ${runs} pairs are built`);
});

/** Writes into every file that does not count. */
async function scribble(folder: ContextFolder, counted: ReadonlySet<string>): Promise<void> {
  for (const name of names) {
    const place = join(folder.path, name);
    const stats = await lstat(place).catch(() => undefined);
    if (stats?.isFile() && !counted.has(name)) {
      await writeFile(place, 'scribbled');
      await chmod(place, 0o606);
    }
  }
}

async function apply(folder: ContextFolder, path: string, how: string, file: FolderFiles[string], bits: number) {
  const place = join(folder.path, path);
  const stats = await lstat(place).catch(() => undefined);
  if (stats === undefined && how !== 'replace') return;
  if (how === 'remove') await rm(place, { recursive: true, force: true });
  // An ordinary user can't look into a directory of their own without the right to search it.
  else if (how === 'mode' && stats && !stats.isSymbolicLink())
    await chmod(place, stats.isDirectory() ? bits | 0o700 : bits);
  else if (how === 'write' && stats?.isFile()) await writeFile(place, 'edited');
  else if (how === 'replace') {
    if (stats !== undefined) await rm(place, { recursive: true, force: true });
    await folder.write(path, file).catch((error: NodeJS.ErrnoException) => {
      // Its parent is a file, or a link.
      if (error.code !== 'ENOTDIR' && error.code !== 'EEXIST' && error.code !== 'ENOENT' && error.code !== 'ELOOP')
        throw error;
    });
  }
}
