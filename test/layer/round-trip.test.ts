import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { treeDiff } from '../../src/layer/diff.ts';
import { parseIndex, serializeIndex } from '../../src/layer/index-codec.ts';
import { indexLayer } from '../../src/layer/index-layer.ts';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { sortEntries } from '../../src/layer/path-order.ts';
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { walkDirectory } from '../../src/layer/walk.ts';
import { isReserved } from '../../src/layer/whiteout.ts';
import { tempDir } from '../support/temp-dir.ts';
import { directory, hardlink, input, signal, symlink } from './entries.ts';
import { only, packed } from './memory.ts';

const isRoot = process.getuid!() === 0;
const name = fc
  .oneof(fc.constantFrom('a', 'b', 'c', 'a-b', 'ä'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }))
  .filter((text) => !/[\0/]|^\.\.?$|\p{Surrogate}/u.test(text) && !isReserved(text) && Buffer.byteLength(text) < 200);
const owned = fc.record({
  // Root alone reads what its mode forbids.
  mode: fc.integer({ min: 0, max: 0o7777 }).map((mode) => (isRoot ? mode : mode | 0o700)),
  uid: isRoot ? fc.nat(3_000_000) : fc.constant(process.getuid!()),
  gid: isRoot ? fc.nat(3_000_000) : fc.constant(process.getgid!()),
  mtime: fc.integer({ min: -1000, max: 2 ** 33 }),
});
const kind = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 3000 }).map((content) => ({ is: 'file' as const, content })) },
  { weight: 4, arbitrary: fc.constant({ is: 'directory' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a', '../b', '/', 'ä/ö').map((target) => ({ is: 'symlink' as const, target })),
  },
  { weight: 1, arbitrary: fc.nat(100).map((pick) => ({ is: 'hardlink' as const, pick })) },
);
type Drawn = {
  readonly under: number;
  readonly name: string;
  readonly owned: object;
  readonly kind: { readonly is: string };
};

/** A tree that can exist: each drawn entry goes into one of the directories there are already. */
const layer = fc
  .array(fc.record({ under: fc.nat(50), name, owned, kind }), { maxLength: 25 })
  .map((drawn: readonly Drawn[]): LayerInput[] => {
    const entries = new Map<string, LayerInput>();
    const directories = [''];
    const files: string[] = [];
    for (const { under, name: base, owned: metadata, kind: what } of drawn) {
      const parent = directories[under % directories.length]!;
      const path = parent === '' ? base : `${parent}/${base}`;
      if (entries.has(path)) continue;
      const drawnKind = what as { is: string; content: string; target: string; pick: number };
      if (drawnKind.is === 'directory') {
        entries.set(path, directory(path, metadata));
        directories.push(path);
      } else if (drawnKind.is === 'symlink')
        entries.set(path, symlink(path, drawnKind.target, { ...metadata, mode: 0o777 }));
      else if (drawnKind.is === 'hardlink' && files.length > 0)
        entries.set(path, hardlink(path, files[drawnKind.pick % files.length]!));
      else {
        entries.set(path, input(path, drawnKind.content ?? '', metadata));
        files.push(path);
      }
    }
    return withLinksAfterFiles(sortEntries(entries.values()));
  });

/** In sorted order the first name is the file, whichever was drawn first. */
function withLinksAfterFiles(sorted: LayerInput[]): LayerInput[] {
  const firsts = new Map<string, string>();
  const byPath = new Map(sorted.map((entry) => [entry.path, entry]));
  return sorted.map((entry) => {
    const file = entry.type === 'hardlink' ? entry.target : entry.path;
    const first = firsts.get(file);
    if (first !== undefined) return hardlink(entry.path, first);
    if (entry.type === 'file' || entry.type === 'hardlink') firsts.set(file, entry.path);
    return entry.type === 'hardlink' ? ({ ...byPath.get(file)!, path: entry.path } as LayerInput) : entry;
  });
}

test('pack, index, store, unpack, walk and pack again come to the same', async () => {
  await fc.assert(
    fc.asyncProperty(layer, async (entries) => {
      await using dir = await tempDir();
      const first = await packed(entries);
      const indexed = await indexLayer(only(first.bytes), { diffID: first.diffID }, signal);
      assert.deepEqual(indexed.index, first.index);
      assert.deepEqual(parseIndex(serializeIndex(first.index)), { ok: true, value: first.index });
      const options = { whiteouts: 'overlay', lower: Tree.empty, owner: 'preserve', xattrs: 'skip' } as const;
      assert.deepEqual(
        (await unpackLayer({ tar: only(first.bytes), into: dir.path }, options, signal)).index,
        first.index,
      );
      const again = await packed(walkDirectory(dir.path, {}, signal));
      assert.deepEqual(again.index, first.index);
      assert.equal(again.diffID, first.diffID);
      for await (const difference of treeDiff({ root: dir.path, lower: Tree.of([first.index]) }, signal))
        assert.fail(`treeDiff() finds ${JSON.stringify(difference)}`);
    }),
    { numRuns: isRoot ? 60 : 30 },
  );
});

test('the difference of two trees makes one from the other', async () => {
  await fc.assert(
    fc.asyncProperty(layer, layer, async (before, after) => {
      await using dir = await tempDir();
      await using target = await tempDir();
      const [lower, wanted] = [await packed(before), await packed(after)];
      const options = { whiteouts: 'apply', owner: 'preserve', xattrs: 'skip' } as const;
      await unpackLayer({ tar: only(wanted.bytes), into: dir.path }, options, signal);
      const difference = await packed(treeDiff({ root: dir.path, lower: Tree.of([lower.index]) }, signal));
      await unpackLayer({ tar: only(lower.bytes), into: target.path }, options, signal);
      await unpackLayer({ tar: only(difference.bytes), into: target.path }, options, signal);
      // The difference says nothing of a directory of which only the time differs.
      const timeless = (index: readonly object[]) =>
        index.map((entry) => ('type' in entry && entry.type === 'directory' ? { ...entry, mtime: 0 } : entry));
      const result = await packed(walkDirectory(target.path, {}, signal));
      assert.deepEqual(timeless(result.index), timeless(wanted.index));
      const tree = Tree.of([lower.index, difference.index]);
      assert.deepEqual(
        [...tree.walk()].map(({ path }) => path),
        wanted.index.map(({ path }) => path),
      );
    }),
    { numRuns: 40 },
  );
});
