import { select } from '../../context/selection.ts';
import { describeRemote, type GitSource, type HttpSource } from '../../dockerfile/remote-source.ts';
import { gitDirectoryMissing } from '../../remote/failure.ts';
import type { HttpFile } from '../../remote/remote-pin.ts';
import { FailureError } from '../../result.ts';
import { parentOf } from '../../tree-path.ts';
import type { CommitTree } from './commit-tree.ts';
import type { FetchedFiles } from './fetched-files.ts';
import { PackedFiles } from './packed-files.ts';
import { destinationOf, type Placing, placeArchive, placeSelection } from './place-sources.ts';

/**
 * All sources in the order written, from the one with the number `next` among those that are fetched; then `commit`. The
 * files of a git commit stay on disk until the layer is made, so that each is a call inside the other.
 */
export async function placeAll<T>(
  placing: Placing,
  {
    next,
    fetched,
    commit,
  }: { readonly next: number; readonly fetched: FetchedFiles; readonly commit: () => Promise<T> },
  signal: AbortSignal,
): Promise<T> {
  const { op, selection } = placing;
  const sources = op.fetched ?? [];
  const [first, upTo] = [next === 0 ? 0 : sources[next - 1]!.before, sources[next]?.before ?? op.patterns.length];
  const between = selection.filter(({ pattern }) => pattern >= first && pattern < upTo);
  await placeSelection({ ...placing, selection: between, part: `${next}` });
  const one = sources[next];
  if (one === undefined) return await commit();
  const onward = () => placeAll(placing, { next: next + 1, fetched, commit }, signal);
  if (one.source.type === 'http') {
    await placeFile(one.unpack, await fetched.file(one.source, signal), { ...placing, source: one.source });
    return await onward();
  }
  const { source } = one;
  const put = async (tree: CommitTree) => {
    await placeCommit(source, tree, placing);
    return await onward();
  };
  return await fetched.commit(source, put, signal);
}

/** A name for a file that its address gives none: BuildKit's. */
const unnamed = '__unnamed__';

async function placeFile(
  unpack: boolean,
  { file, path }: { readonly file: HttpFile; readonly path: string },
  { source, ...placing }: Placing & { readonly source: HttpSource },
): Promise<void> {
  const { placement, archives } = placing;
  const name = source.name ?? file.name ?? unnamed;
  const archive = unpack ? await archives.open(path, file.digest) : undefined;
  const { target, pathOf } = destinationOf(placing);
  if (archive) return await placeArchive(archive, { name, target }, placing);
  const at = pathOf(name);
  placement.makeDirectories(parentOf(at));
  const entry = { type: 'file', path: at, mode: 0o600, uid: 0, gid: 0, mtime: file.modified } as const;
  placement.put({ ...entry, size: file.size, sourcePath: path });
}

/** All that the commit has, or one of its directories. */
async function placeCommit(source: GitSource, tree: CommitTree, placing: Placing): Promise<void> {
  const { exclude } = placing.op;
  const selector = { patterns: [source.subdir === '' ? '.' : source.subdir], exclude, parents: false, literal: true };
  const missing = () => gitDirectoryMissing(describeRemote({ ...source, subdir: '' }), source.subdir);
  const selection = await select(tree, selector, missing);
  if (selection.some(({ node }) => node.type !== 'directory')) throw new FailureError(missing());
  const packed = new PackedFiles(undefined);
  await placeSelection({ ...placing, tree, selection, packed, isFromContext: false, part: JSON.stringify(source) });
}
