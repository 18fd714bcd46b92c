import { Readable } from 'node:stream';
import { FailureError } from '../../result.ts';
import { commitLayer } from '../snapshot/commit.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { scratch } from '../snapshot/snapshot.ts';
import { digestOfFields } from '../solver/cache-key.ts';
import type { Op, OpContext } from '../solver/op.ts';
import { canonicalJson } from '../solver/vertex.ts';
import { ArchiveUnpacker } from './archive.ts';
import { copyNeedsDirectory } from './failure.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import { lookupOwner } from './owner.ts';
import { Placement } from './placement.ts';
import { readText, snapshotTree } from './read-snapshot.ts';
import type { RunnerServices } from './runner-services.ts';
import { type Selected, select, selectionDigest } from './selection.ts';
import { join, type SourceNode, type SourceTree } from './source-tree.ts';

/** COPY, and ADD of local files: selected files become a layer in one pass, without a root file system. */
export function copyRunner(op: CopyOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  // Selected once, for the key and for the work.
  let fromContext: Promise<{ tree: SourceTree; selection: readonly Selected[] }> | undefined;
  const context = () => {
    fromContext ??= selectFromContext(op, services, origin);
    return fromContext;
  };
  return {
    async cacheMap(signal) {
      const { source, ...rest } = op;
      const fields = ['copy', canonicalJson(rest), source.type];
      if (source.type === 'context') {
        const { tree, selection } = await context();
        fields.push(await selectionDigest(tree, selection, op));
      }
      const ofSource = async (snapshot: Snapshot) => {
        const tree = await snapshotTree(services, snapshot, signal);
        return selectionDigest(tree, await select(tree, op, origin), op);
      };
      return {
        digest: digestOfFields(fields),
        contentDigests: source.type === 'input' ? [undefined, ofSource] : [undefined],
      };
    },

    async exec([base = scratch, from = scratch], { signal }: OpContext) {
      const { tree, selection } =
        op.source.type === 'context'
          ? await context()
          : await selectFromSnapshot(op, services, from, { origin, signal });
      const below = op.link ? scratch : base;
      const placement = new Placement({
        base: await services.layers.tree(below, signal),
        owner:
          op.chown === undefined ? undefined : await lookupOwner(op.chown, readText(services, below, signal), origin),
        chmod: op.chmod,
        mtime: op.mtime,
        origin,
      });
      await using archives = new ArchiveUnpacker(services, signal);
      await place({ op, tree, selection, placement, archives, origin });
      const { store, layers, clampMtime } = services;
      const layer = await commitLayer({ store, layers, entries: placement.entries(), clampMtime }, signal);
      return { layers: [...base.layers, layer] };
    },
  };
}

async function selectFromContext(op: CopyOp, services: RunnerServices, origin?: StepOrigin) {
  if (op.source.type !== 'context') throw new Error('a copy from an input has no context');
  const tree = services.contexts.open(op.source.directory, op.source.ignore);
  return { tree, selection: await select(tree, op, origin) };
}

async function selectFromSnapshot(
  op: CopyOp,
  services: RunnerServices,
  from: Snapshot,
  { origin, signal }: { readonly origin: StepOrigin | undefined; readonly signal: AbortSignal },
) {
  const tree = await snapshotTree(services, from, signal);
  return { tree, selection: await select(tree, op, origin) };
}

async function place(options: {
  readonly op: CopyOp;
  readonly tree: SourceTree;
  readonly selection: readonly Selected[];
  readonly placement: Placement;
  readonly archives: ArchiveUnpacker;
  readonly origin: StepOrigin | undefined;
}): Promise<void> {
  const { op, tree, selection, placement, archives, origin } = options;
  const target = placement.resolve(op.destination);
  const count = selection.length + op.inline.length;
  const isDirectory = op.destination.endsWith('/') || op.parents || placement.isDirectory(target);
  if (count > 1 && !isDirectory) {
    throw new FailureError(copyNeedsDirectory(op.destination, origin));
  }
  const pathFor = (name: string) => (isDirectory ? join(target, name) : target);
  for (const selected of selection) {
    const archive =
      op.unpack && selected.node.type === 'file' ? await archives.open(await tree.fileOf(selected.node)) : undefined;
    if (archive) {
      placement.makeDirectories(target);
      for (const entry of archive) placement.replace({ ...entry, path: join(target, entry.path) });
    } else if (op.parents) {
      placement.makeDirectories(target);
      await placeWithParents(tree, selected, target, placement);
    } else if (selected.node.type === 'directory') {
      placement.makeDirectories(target);
      for (const { path, node } of selected.below) await putNode(tree, node, join(target, path), placement);
    } else {
      const path = pathFor(selected.name);
      placement.makeDirectories(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      await putNode(tree, selected.node, path, placement);
    }
  }
  for (const { name, content } of op.inline) {
    const path = pathFor(name);
    placement.makeDirectories(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    const bytes = Buffer.from(content);
    const open = () => Readable.from([bytes], { objectMode: false });
    placement.put({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: op.mtime, size: bytes.length, open });
  }
}

async function placeWithParents(
  tree: SourceTree,
  selected: Selected,
  target: string,
  placement: Placement,
): Promise<void> {
  for (const { path, node } of selected.leading)
    await putNode(tree, { ...node, type: 'directory' }, join(target, path), placement);
  const own = join(target, join(selected.leading.at(-1)?.path ?? '', selected.name));
  await putNode(tree, selected.node, own, placement);
  for (const { path, node } of selected.below) await putNode(tree, node, join(own, path), placement);
}

async function putNode(tree: SourceTree, node: SourceNode, path: string, placement: Placement): Promise<void> {
  const { mode, uid, gid, mtime, xattrs } = node;
  const common = { path, mode, uid, gid, mtime, ...(xattrs ? { xattrs } : {}) };
  switch (node.type) {
    case 'directory':
      return placement.putDirectory({ ...common, type: 'directory' });
    case 'file': {
      const file = await tree.fileOf(node);
      return placement.put({ ...common, type: 'file', size: node.size ?? 0, sourcePath: file }, node.identity);
    }
    case 'symlink':
      return placement.put({ ...common, type: 'symlink', target: node.target ?? '' });
    case 'fifo':
      return placement.put({ ...common, type: 'fifo' });
    default:
      return placement.put({ ...common, type: node.type, major: node.major ?? 0, minor: node.minor ?? 0 });
  }
}
