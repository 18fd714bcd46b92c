import { Readable } from 'node:stream';
import { hasOwnEntry, type Selected, select, selectionDigest } from '../../context/selection.ts';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import type { Owner } from '../../layer/diff.ts';
import { canonicalText } from '../../oci/canonical.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { FailureError } from '../../result.ts';
import { childOf, parentOf } from '../../tree-path.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { scratch } from '../snapshot/snapshot.ts';
import type { Op, OpContext } from '../solver/op.ts';
import { ArchiveUnpacker } from './archive.ts';
import { ArchivePlacement, type UnpackedRecord } from './archive-placement.ts';
import { isOctal } from './chmod.ts';
import { copySourceMissing, namedOwnerOfLink } from './failure.ts';
import { digestOfChain, oneLayer } from './layered.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import { lookupOwner } from './owner.ts';
import { PackedFiles } from './packed-files.ts';
import { Placement } from './placement.ts';
import type { RunnerServices } from './runner-services.ts';
import { readText, snapshotTree } from './snapshot-tree.ts';

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
    layering: oneLayer,
    async cacheMap(signal) {
      const { source, ...rest } = op;
      const fields = ['copy', canonicalText(rest), source.type];
      if (source.type === 'context') {
        const { tree, selection } = await context();
        fields.push(await selectionDigest({ tree, selection }, op, { masks }));
      }
      const ofSource = async (snapshot: Snapshot) => {
        const { tree, selection } = await selectFromSnapshot(op, snapshot, { services, origin, signal });
        return selectionDigest({ tree, selection }, op, { masks, timeOf });
      };
      return {
        digest: digestOfFields(fields),
        contentDigests: source.type === 'input' ? [digestOfChain, ofSource] : [digestOfChain],
      };
    },

    async exec([base = scratch, from = scratch], { signal }: OpContext) {
      const isFromContext = op.source.type === 'context';
      const source = isFromContext ? await context() : await selectFromSnapshot(op, from, { services, origin, signal });
      if (isFromContext) await services.context?.verify(op, source.selection, signal);
      // With --chmod, BuildKit leaves --link out: the directories of the base are to keep their modes.
      const isLink = op.link && op.chmod === undefined;
      const below = isLink ? scratch : base;
      if (isLink && op.chown !== undefined && !/^(?:\d*|root)(?::(?:\d*|root))?$/.test(op.chown)) {
        throw new FailureError(namedOwnerOfLink(op.chown, origin));
      }
      const owner =
        op.chown === undefined ? undefined : await lookupOwner(op.chown, readText(services, below, signal), { origin });
      const placement = new Placement({
        base: await services.layers.tree(below, signal),
        owner,
        chmod: op.chmod,
        mtime: op.mtime,
        origin,
      });
      await using archives = new ArchiveUnpacker(services, signal);
      const packed = new PackedFiles(isFromContext ? source.tree : undefined);
      const fileOfBase = (path: string) => services.layers.diskPath(below, path, signal);
      await place({ op, ...source, placement, archives, packed, owner, fileOfBase, origin });
      const verify = packed.verify.bind(packed);
      const entries = packed.expect(placement.entries());
      const layer = await packed.explained(services.layers.commit(entries, { clampMtime: epoch, verify }, signal));
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
  from: Snapshot,
  {
    services,
    origin,
    signal,
  }: { readonly services: RunnerServices; readonly origin: StepOrigin | undefined; readonly signal: AbortSignal },
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
  readonly owner: Owner | undefined;
  readonly fileOfBase: (path: string) => Promise<string>;
  readonly origin: StepOrigin | undefined;
}

/** One source after the other, each as if it were alone: what comes later replaces what came before. */
async function place(placing: Placing): Promise<void> {
  const { op, tree, selection, placement, archives, packed } = placing;
  const target = placement.resolve(op.destination);
  const isNamedDirectory = op.destination.endsWith('/') || op.parents;
  const pathOf = (name: string) => {
    if (isNamedDirectory) placement.makeDirectories(target);
    return placement.isDirectory(target) ? childOf(target, name) : target;
  };
  for (const [number, selected] of selection.entries()) {
    const { node, name } = selected;
    const archive =
      op.unpack && node.type === 'file'
        ? await archives.open(await tree.fileOf(node), await packed.decided(node))
        : undefined;
    if (archive) await placeArchive(archive, { name: node.path, target }, placing);
    else if (op.parents) await placeWithParents(selected, target, placing);
    else if (node.type === 'directory') {
      placement.makeDirectories(target);
      for (const { path, node: inner } of selected.below)
        await putNode(inner, { path: childOf(target, path), copy: number }, placing);
      placement.setTime(target, timeOf(node, placing));
    } else {
      const path = pathOf(name);
      placement.makeDirectories(parentOf(path));
      await putNode(node, { path, copy: number }, placing);
    }
  }
  for (const { name, content } of op.inline) {
    const path = pathOf(name.replace(/^\//, ''));
    placement.makeDirectories(parentOf(path));
    placement.put({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: op.mtime, ...bytesOf(content) });
  }
}

async function placeArchive(
  archive: AsyncIterable<UnpackedRecord>,
  { name, target }: { readonly name: string; readonly target: string },
  { op: { mtime }, placement, owner, fileOfBase, origin }: Placing,
): Promise<void> {
  placement.makeDirectories(target, { isForArchive: true });
  const into = new ArchivePlacement({ draft: placement.draft, target, owner, mtime, name, origin, fileOfBase });
  for await (const record of archive) await into.add(record);
  into.finish();
}

/** What of `--parents` is matched by one pattern is one copy, whose leading directories are put once. */
async function placeWithParents(selected: Selected, target: string, placing: Placing): Promise<void> {
  const { placement } = placing;
  const { node, kept, name, leading, below, pattern, top } = selected;
  placement.makeDirectories(target);
  for (const { path, node: directory, isFirst } of leading) {
    const at = childOf(target, path);
    if (isFirst) placement.putLeading(inputOf({ ...directory, type: 'directory' }, at, placing));
  }
  const own = hasOwnEntry(selected, true) ? childOf(target, kept || name) : target;
  if (own !== target) await putNode(node, { path: own, copy: pattern }, placing);
  for (const { path, node: inner } of below) await putNode(inner, { path: childOf(own, path), copy: pattern }, placing);
  placement.setTime(target, timeOf(top, placing));
}

/** When a file of a checkout was last written says nothing, and is in no key. */
function timeOf(node: SourceNode, { op }: Placing): number {
  return op.source.type === 'context' ? (op.epoch ?? node.mtime) : node.mtime;
}

function inputOf<T extends SourceNode['type']>(
  node: SourceNode & { readonly type: T },
  path: string,
  placing: Placing,
) {
  const { type, mode, uid, gid, xattrs } = node;
  return { type, path, mode, uid, gid, mtime: timeOf(node, placing), ...(xattrs ? { xattrs } : {}) };
}

/** `copy`: number of the copy that the node is of; names of one file stay one within it. */
async function putNode(
  node: SourceNode,
  { path, copy }: { readonly path: string; readonly copy: number },
  placing: Placing,
): Promise<void> {
  const { tree, placement, packed } = placing;
  const common = inputOf(node, path, placing);
  switch (node.type) {
    case 'directory':
      return placement.putDirectory({ ...common, type: 'directory' });
    case 'file': {
      const sourcePath = await tree.fileOf(node);
      await packed.add(node, sourcePath);
      const identity = node.identity === undefined ? undefined : `${copy} ${node.identity}`;
      return placement.put({ ...common, type: 'file', size: node.size ?? 0, sourcePath }, identity);
    }
    case 'symlink':
      return placement.put({ ...common, type: 'symlink', target: node.target ?? '' });
    case 'fifo':
      return placement.put({ ...common, type: 'fifo' });
    case 'socket':
      return placement.put({ ...common, type: 'file', ...bytesOf('') });
    case 'char-device':
    case 'block-device':
      return placement.put({ ...common, type: node.type, major: node.major ?? 0, minor: node.minor ?? 0 });
  }
}

function bytesOf(content: string): { readonly size: number; open(): Readable } {
  const bytes = Buffer.from(content);
  return { size: bytes.length, open: () => Readable.from([bytes], { objectMode: false }) };
}
