import { PassThrough } from 'node:stream';
import type { LayerInput } from '../../layer/layer-input.ts';
import { packLayer } from '../../layer/pack.ts';
import type { Tree } from '../../layer/tree.ts';
import type { TreeNode } from '../../layer/tree-node.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import type { Layers } from './layers.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Puts what a snapshot has below the directory `path` into the empty directory `into` (absolute): owners where this
 * machine allows it, modes, times, attributes, hard links, and symbolic links as they are written. Nothing is mounted,
 * and only layers that have a file of it are unpacked. Throws FailureError.
 */
export async function copyOut(
  layers: Layers,
  { from, into }: { readonly from: { readonly snapshot: Snapshot; readonly path: string }; readonly into: string },
  signal: AbortSignal,
): Promise<void> {
  const { snapshot, path } = from;
  const tree = await layers.tree(snapshot, signal);
  const entries = entriesBelow(tree, path, (name) => layers.diskPath(snapshot, name, signal));
  const tar = new PassThrough();
  const owner = layers.owners.areKept ? 'preserve' : 'ignore';
  const [packed, unpacked] = await Promise.allSettled([
    packLayer(entries, tar, signal),
    unpackLayer({ tar, into }, { whiteouts: 'apply', owner, xattrs: 'apply' }, signal),
  ]);
  // Whichever fails ends the other: an unpacking that fails closes the stream, and packing then says no more than that.
  if (unpacked.status === 'rejected') throw unpacked.reason;
  if (packed.status === 'rejected') throw packed.reason;
}

async function* entriesBelow(
  tree: Tree,
  root: string,
  fileOf: (path: string) => Promise<string>,
): AsyncGenerator<LayerInput, void, undefined> {
  const firstNames = new Map<TreeNode['entry'], string>();
  for (const { path: name, entry } of tree.walk(root)) {
    const path = root === '' ? name : name.slice(root.length + 1);
    const first = firstNames.get(entry);
    if (first !== undefined) {
      yield { type: 'hardlink', path, target: first };
      continue;
    }
    if (entry.type !== 'directory') firstNames.set(entry, path);
    if (entry.type !== 'file') {
      yield { ...entry, path };
      continue;
    }
    const { digest: _, ...file } = entry;
    yield { ...file, path, sourcePath: await fileOf(name) };
  }
}
