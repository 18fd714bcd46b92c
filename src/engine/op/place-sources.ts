import { Readable } from 'node:stream';
import { hasOwnEntry, type Selected } from '../../context/selection.ts';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import type { Owner } from '../../layer/diff.ts';
import { childOf, parentOf } from '../../tree-path.ts';
import type { ArchiveUnpacker } from './archive.ts';
import { ArchivePlacement, type UnpackedRecord } from './archive-placement.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import type { PackedFiles } from './packed-files.ts';
import type { Placement } from './placement.ts';

/** What is copied, and from where. */
export interface CopiedFiles {
  readonly tree: SourceTree;
  readonly selection: readonly Selected[];
}

/** A copy under way: where its files go, and what becomes of them there. */
export interface Placing extends CopiedFiles {
  readonly op: CopyOp;
  readonly placement: Placement;
  readonly archives: ArchiveUnpacker;
  readonly packed: PackedFiles;
  readonly owner: Owner | undefined;
  readonly fileOfBase: (path: string) => Promise<string>;
  readonly origin: StepOrigin | undefined;
  /** When a file of a checkout was last written says nothing, and is in no key. */
  readonly isFromContext: boolean;
  /** Other for each selection: names of one file stay one within a source, and not among several. */
  readonly part: string;
}

/** The path that the destination is, and what a file of some name becomes there. */
export function destinationOf({ op, placement }: Placing) {
  const target = placement.resolve(op.destination);
  const isNamedDirectory = op.destination.endsWith('/') || op.parents;
  const pathOf = (name: string) => {
    if (isNamedDirectory) placement.makeDirectories(target);
    return placement.isDirectory(target) ? childOf(target, name) : target;
  };
  return { target, pathOf };
}

/** One source after the other, each as if it were alone: what comes later replaces what came before. */
export async function placeSelection(placing: Placing): Promise<void> {
  const { op, tree, selection, placement, archives, packed, part } = placing;
  const { target, pathOf } = destinationOf(placing);
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
        await putNode(inner, { path: childOf(target, path), copy: `${part} ${number}` }, placing);
      placement.setTime(target, timeOf(node, placing));
    } else {
      const path = pathOf(name);
      placement.makeDirectories(parentOf(path));
      await putNode(node, { path, copy: `${part} ${number}` }, placing);
    }
  }
}

/** Heredocs, which come after all else. */
export async function placeInline(placing: Placing): Promise<void> {
  const { op, placement } = placing;
  const { pathOf } = destinationOf(placing);
  for (const { name, content } of op.inline) {
    const path = pathOf(name.replace(/^\//, ''));
    placement.makeDirectories(parentOf(path));
    placement.put({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: op.mtime, ...bytesOf(content) });
  }
}

/** Unpacks where a file would be put. `name` is for failures. */
export async function placeArchive(
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
  if (own !== target) await putNode(node, { path: own, copy: `${pattern}` }, placing);
  for (const { path, node: inner } of below)
    await putNode(inner, { path: childOf(own, path), copy: `${pattern}` }, placing);
  placement.setTime(target, timeOf(top, placing));
}

function timeOf(node: SourceNode, { op, isFromContext }: Placing): number {
  return isFromContext ? (op.epoch ?? node.mtime) : node.mtime;
}

function inputOf<T extends SourceNode['type']>(
  node: SourceNode & { readonly type: T },
  path: string,
  placing: Placing,
) {
  const { type, mode, uid, gid, xattrs } = node;
  return { type, path, mode, uid, gid, mtime: timeOf(node, placing), ...(xattrs ? { xattrs } : {}) };
}

/** `copy`: which copy the node is of; names of one file stay one within it. */
async function putNode(
  node: SourceNode,
  { path, copy }: { readonly path: string; readonly copy: string },
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
