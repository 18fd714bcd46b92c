import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type TreeDiffOptions, treeDiff } from '../../src/layer/diff.ts';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { before, brief, cases } from './diff-cases.ts';
import { input, signal } from './entries.ts';
import { only, packed } from './memory.ts';

/** What a script changes on these entries, unpacked into a directory. */
async function difference(
  entries: readonly LayerInput[],
  script: string,
  options: Partial<TreeDiffOptions> = {},
): Promise<string[]> {
  await using dir = await tempDir();
  const { bytes, index } = await packed(entries);
  await unpackLayer(
    { tar: only(bytes), into: dir.path },
    { whiteouts: 'apply', owner: 'preserve', xattrs: 'skip' },
    signal,
  );
  if (options.unchangedUntil !== undefined) await setTimeout(25);
  const now = Date.now();
  execFileSync('sh', ['-ec', `umask 022; ${script}`], { cwd: dir.path });
  const known = options.unchangedUntil === undefined ? {} : { unchangedUntil: now };
  const found: string[] = [];
  for await (const entry of treeDiff({ root: dir.path, lower: Tree.of([index]), ...options, ...known }, signal))
    found.push(brief(entry));
  return found;
}

/** Where names of one file are not parted by an overlay, they all count. */
const withLinks: typeof cases = [
  ...cases,
  ['a changed file with two names', 'echo more >> h1', ['file h1', 'hardlink h2=h1']],
  ['a changed file that the other name now is', 'echo more >> h2; rm h1', ['whiteout h1', 'file h2']],
];
for (const [title, script, want] of withLinks) {
  test(`treeDiff() of ${title}`, needs('root'), async () => {
    assert.deepEqual(await difference(before, script), want);
  });
  test(`treeDiff() that knows since when, of ${title}`, needs('root'), async () => {
    assert.deepEqual(await difference(before, script, { unchangedUntil: 0 }), want);
  });
}

test('treeDiff() is not misled by directories that changed places', needs('root'), async () => {
  const twins = ['a', 'b'].flatMap((name): LayerInput[] => [
    { type: 'directory', path: name, mode: 0o755, uid: 0, gid: 0, mtime: 0 },
    { type: 'directory', path: `${name}/c`, mode: 0o755, uid: 0, gid: 0, mtime: 0 },
    input(`${name}/c/f`, name),
  ]);
  const want = ['directory a', 'directory a/c', 'file a/c/f', 'directory b', 'directory b/c', 'file b/c/f'];
  assert.deepEqual(await difference(twins, 'mv a x; mv b a; mv x b', { unchangedUntil: 0 }), want);
});
