import { Readable } from 'node:stream';
import { hasOwnEntry, type Selected, select, selectionDigest } from '../../context/selection.ts';
import { join, parentOf, type SourceNode, type SourceTree } from '../../context/source-tree.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { FailureError } from '../../result.ts';
import { commitLayer } from '../snapshot/commit.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { scratch } from '../snapshot/snapshot.ts';
import type { Op, OpContext } from '../solver/op.ts';
import { canonicalJson } from '../solver/vertex.ts';
import { ArchiveUnpacker } from './archive.ts';
import { isOctal } from './chmod.ts';
import { copyNeedsDirectory, copySourceMissing, namedOwnerOfLink } from './failure.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import { lookupOwner } from './owner.ts';
import { PackedFiles } from './packed-files.ts';
import { Placement } from './placement.ts';
import { readText, snapshotTree } from './read-snapshot.ts';
import type { RunnerServices } from './runner-services.ts';

/** COPY, and ADD of local files: selected files become a layer in one pass, without a root file system. */
export function copyRunner(op: CopyOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  // Selected once, for the key and for the work.
  let fromContext: Promise<Source> | undefined;
  const context = () => {
    fromContext ??= selectFromContext(op, services, origin);
    return fromContext;
  };
  const masks = { mode: op.chmod !== undefined && isOctal(op.chmod), owner: op.chown !== undefined };
  // Without SOURCE_DATE_EPOCH a layer has times that nobody can repeat; with it, its key knows those it will have.
  const { epoch } = op;
  const timeOf = epoch === undefined ? undefined : (node: SourceNode) => Math.min(node.mtime, epoch);
  return {
    async cacheMap(signal) {
      const { source, ...rest } = op;
      const fields = ['copy', canonicalJson(rest), source.type];
      if (source.type === 'context') {
        const { tree, selection } = await context();
        fields.push(await selectionDigest(tree, selection, op, masks));
      }
      const ofSource = async (snapshot: Snapshot) => {
        const { tree, selection } = await selectFromSnapshot(op, services, snapshot, { origin, signal });
        return selectionDigest(tree, selection, op, masks, timeOf);
      };
      return {
        digest: digestOfFields(fields),
        contentDigests: source.type === 'input' ? [undefined, ofSource] : [undefined],
      };
    },

    async exec([base = scratch, from = scratch], { signal }: OpContext) {
      const isFromContext = op.source.type === 'context';
      const source = isFromContext ? await context() : await selectFromSnapshot(op, services, from, { origin, signal });
      if (isFromContext) await services.context?.verify(op, source.selection, signal);
      const below = op.link ? scratch : base;
      if (op.link && op.chown !== undefined && !/^\d*(?::\d*)?$/.test(op.chown)) {
        throw new FailureError(namedOwnerOfLink(op.chown, origin));
      }
      const placement = new Placement({
        base: await services.layers.tree(below, signal),
        owner:
          op.chown === undefined ? undefined : await lookupOwner(op.chown, readText(services, below, signal), origin),
        chmod: op.chmod,
        mtime: op.mtime,
        origin,
      });
      await using archives = new ArchiveUnpacker(services, signal);
      const packed = new PackedFiles(isFromContext ? source.tree : undefined);
      await place({ op, ...source, placement, archives, packed, origin });
      const { store, layers } = services;
      const verify = packed.verify.bind(packed);
      const entries = packed.expect(placement.entries());
      const layer = await packed.explained(commitLayer({ store, layers, entries, clampMtime: epoch, verify }, signal));
      return { layers: [...base.layers, layer] };
    },
  };
}

interface Source {
  readonly tree: SourceTree;
  readonly selection: readonly Selected[];
}

async function selectFromContext(op: CopyOp, { context }: RunnerServices, origin?: StepOrigin): Promise<Source> {
  if (context === undefined) throw new Error('a copy from the context of a build without one');
  const { tree } = context;
  const place = { description: tree.description, isContext: true };
  return { tree, selection: await context.select(op, (pattern) => copySourceMissing(pattern, place, origin)) };
}

async function selectFromSnapshot(
  op: CopyOp,
  services: RunnerServices,
  from: Snapshot,
  { origin, signal }: { readonly origin: StepOrigin | undefined; readonly signal: AbortSignal },
): Promise<Source> {
  const tree = await snapshotTree(services, from, signal);
  const place = { description: tree.description, isContext: false };
  return { tree, selection: await select(tree, op, (pattern) => copySourceMissing(pattern, place, origin)) };
}

interface Placing extends Source {
  readonly op: CopyOp;
  readonly placement: Placement;
  readonly archives: ArchiveUnpacker;
  readonly packed: PackedFiles;
  readonly origin: StepOrigin | undefined;
}

async function place(placing: Placing): Promise<void> {
  const { op, tree, selection, placement, archives, packed, origin } = placing;
  const target = placement.resolve(op.destination);
  const count = selection.length + op.inline.length;
  const isDirectory = op.destination.endsWith('/') || op.parents || placement.isDirectory(target);
  if (count > 1 && !isDirectory) {
    throw new FailureError(copyNeedsDirectory(op.destination, origin));
  }
  const pathFor = (name: string) => (isDirectory ? join(target, name) : target);
  for (const selected of selection) {
    const { node, name, kept, leading, below } = selected;
    const archive =
      op.unpack && node.type === 'file'
        ? await archives.open(await tree.fileOf(node), await packed.decided(node))
        : undefined;
    if (archive) {
      placement.makeDirectories(target);
      for (const entry of archive) placement.replace({ ...entry, path: join(target, entry.path) });
    } else if (op.parents) {
      placement.makeDirectories(target);
      for (const { path, node: directory } of leading) {
        await putNode({ ...directory, type: 'directory' }, join(target, path), placing);
      }
      const own = hasOwnEntry(selected, true) ? join(target, kept || name) : target;
      if (own !== target) await putNode(node, own, placing);
      for (const { path, node: inner } of below) await putNode(inner, join(own, path), placing);
    } else if (node.type === 'directory') {
      placement.makeDirectories(target);
      for (const { path, node: inner } of below) await putNode(inner, join(target, path), placing);
    } else {
      const path = pathFor(name);
      placement.makeDirectories(parentOf(path));
      await putNode(node, path, placing);
    }
  }
  for (const { name, content } of op.inline) {
    const path = pathFor(name);
    placement.makeDirectories(parentOf(path));
    const bytes = Buffer.from(content);
    const open = () => Readable.from([bytes], { objectMode: false });
    placement.put({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: op.mtime, size: bytes.length, open });
  }
}

async function putNode(node: SourceNode, path: string, { op, tree, placement, packed }: Placing): Promise<void> {
  const { mode, uid, gid, xattrs } = node;
  // When a file of a checkout was last written says nothing, and is in no key.
  const mtime = op.source.type === 'context' ? (op.epoch ?? node.mtime) : node.mtime;
  const common = { path, mode, uid, gid, mtime, ...(xattrs ? { xattrs } : {}) };
  switch (node.type) {
    case 'directory':
      return placement.putDirectory({ ...common, type: 'directory' });
    case 'file': {
      const sourcePath = await tree.fileOf(node);
      await packed.add(node, sourcePath);
      return placement.put({ ...common, type: 'file', size: node.size ?? 0, sourcePath }, node.identity);
    }
    case 'symlink':
      return placement.put({ ...common, type: 'symlink', target: node.target ?? '' });
    case 'fifo':
      return placement.put({ ...common, type: 'fifo' });
    default:
      return placement.put({ ...common, type: node.type, major: node.major ?? 0, minor: node.minor ?? 0 });
  }
}
