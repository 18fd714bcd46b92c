import { ignoreMatcher } from '../../dockerfile/dockerignore.ts';
import { matchPattern } from '../../dockerfile/path-pattern.ts';
import type { Digest } from '../../oci/digest.ts';
import { FailureError } from '../../result.ts';
import { digestOfFields } from '../solver/cache-key.ts';
import { isOctal } from './chmod.ts';
import { copySourceMissing } from './failure.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import { compareBytes, join, nameOf, resolveSource, type SourceNode, type SourceTree } from './source-tree.ts';

/** One thing that a pattern of COPY matched. */
export interface Selected {
  /** The last component as written or matched: the name it gets in a destination directory. */
  readonly name: string;
  /** Directories that lead to it from the source's root or the pivot, for `--parents`; outermost first. */
  readonly leading: readonly { readonly path: string; readonly node: SourceNode }[];
  /** The node itself, links followed. */
  readonly node: SourceNode;
  /** For a directory: all below it, parents before children, by path relative to it. Links are not followed. */
  readonly below: readonly { readonly path: string; readonly node: SourceNode }[];
}

/**
 * What the patterns of a COPY select, in their order. A pattern without wildcards that matches nothing is a failure; a
 * wildcard that matches nothing selects nothing. Links are followed for what a pattern names, not below a directory.
 */
export async function select(tree: SourceTree, op: CopyOp, origin?: StepOrigin): Promise<readonly Selected[]> {
  const excluded = ignoreMatcher(op.exclude);
  const result: Selected[] = [];
  for (const pattern of op.patterns) {
    const { pivot, rest } = splitPivot(pattern, op.parents);
    const matches = await matchPaths(tree, [...pivot, ...rest]);
    if (matches.length === 0 && !isWildcard(pattern)) {
      throw new FailureError(copySourceMissing(pattern, tree.description, origin));
    }
    for (const path of matches) {
      const node = await resolveSource(tree, path);
      if (!node) throw new FailureError(copySourceMissing(path, tree.description, origin));
      const keep = (relative: string) => op.exclude.length === 0 || !excluded.excludes(join(path, relative));
      if (node.type !== 'directory' && op.exclude.length > 0 && excluded.excludes(path)) continue;
      const below = node.type === 'directory' ? await walkBelow(tree, node, keep) : [];
      const leading = op.parents ? await leadingDirectories(tree, path, pivot.length) : [];
      result.push({ name: nameOf(path), leading, node, below });
    }
  }
  return result;
}

/**
 * Merkle digest of a selection: names, types, modes, owners, link targets, device numbers, extended attributes and
 * contents; no times. Bits that `--chmod` replaces and owners that `--chown` replaces do not count.
 */
export async function selectionDigest(tree: SourceTree, selection: readonly Selected[], op: CopyOp): Promise<Digest> {
  const fields: string[] = [];
  for (const { name, leading, node, below } of selection) {
    fields.push('source', name, ...leading.map(({ path }) => path));
    for (const entry of [{ path: '', node }, ...below]) fields.push(entry.path, await nodeDigest(tree, entry.node, op));
  }
  return digestOfFields(fields);
}

async function nodeDigest(tree: SourceTree, node: SourceNode, op: CopyOp): Promise<Digest> {
  const mode = op.chmod !== undefined && isOctal(op.chmod) && node.type !== 'symlink' ? '' : node.mode.toString(8);
  return digestOfFields([
    node.type,
    mode,
    op.chown === undefined ? `${node.uid}:${node.gid}` : '',
    node.target ?? '',
    `${node.major ?? ''}:${node.minor ?? ''}`,
    ...Object.entries(node.xattrs ?? {}).flat(),
    node.type === 'file' ? await tree.digest(node) : '',
  ]);
}

function isWildcard(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/** `a/./b/c` with `--parents`: the path is kept from `b` on. */
function splitPivot(pattern: string, parents: boolean): { readonly pivot: string[]; readonly rest: string[] } {
  const marker = parents ? pattern.search(/(^|\/)\.\//) : -1;
  const [before, after] =
    marker === -1 ? ['', pattern] : [pattern.slice(0, marker), pattern.slice(marker).replace(/^\/?\.\//, '')];
  return { pivot: components(before), rest: components(after) };
}

/** Components of a pattern, cleaned: `..` never leads above the root. */
function components(path: string): string[] {
  const result: string[] = [];
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    if (component === '..') result.pop();
    else result.push(component);
  }
  return result;
}

/** Paths in the tree that the pattern's components match, in bytewise order; the root for an empty pattern. */
async function matchPaths(tree: SourceTree, pattern: readonly string[]): Promise<readonly string[]> {
  let paths: readonly string[] = [''];
  for (const component of pattern) {
    const next: string[] = [];
    for (const path of paths) {
      if (component === '**') next.push(...(await allDirectories(tree, path)));
      else if (isWildcard(component)) next.push(...(await matchChildren(tree, path, component)));
      else if (await resolveSource(tree, join(path, component))) next.push(join(path, component));
    }
    paths = next;
  }
  return [...new Set(paths)].toSorted(compareBytes);
}

async function matchChildren(tree: SourceTree, path: string, component: string): Promise<readonly string[]> {
  const directory = await resolveSource(tree, path);
  if (directory?.type !== 'directory') return [];
  const names = await tree.children(directory.path);
  return names.filter((name) => matchPattern(component, name)).map((name) => join(path, name));
}

async function allDirectories(tree: SourceTree, path: string): Promise<readonly string[]> {
  const directory = await resolveSource(tree, path);
  if (directory?.type !== 'directory') return [];
  const below = await walkBelow(tree, directory, () => true);
  return [path, ...below.filter(({ node }) => node.type === 'directory').map((entry) => join(path, entry.path))];
}

async function walkBelow(
  tree: SourceTree,
  directory: SourceNode,
  keep: (path: string) => boolean,
): Promise<{ readonly path: string; readonly node: SourceNode }[]> {
  const result: { path: string; node: SourceNode }[] = [];
  const visit = async (at: SourceNode, prefix: string): Promise<void> => {
    for (const name of await tree.children(at.path)) {
      const node = await tree.lookup(join(at.path, name));
      const path = join(prefix, name);
      if (!node) continue;
      const kept = keep(path);
      const mark = result.length;
      if (kept) result.push({ path, node });
      if (node.type === 'directory') {
        await visit(node, path);
        // An excluded directory comes along when something below it is included again.
        if (!kept && result.length > mark) result.splice(mark, 0, { path, node });
      }
    }
  };
  await visit(directory, '');
  return result;
}

async function leadingDirectories(
  tree: SourceTree,
  path: string,
  skip: number,
): Promise<readonly { readonly path: string; readonly node: SourceNode }[]> {
  const names = path.split('/');
  const result: { path: string; node: SourceNode }[] = [];
  for (let length = skip + 1; length < names.length; length += 1) {
    const node = await resolveSource(tree, names.slice(0, length).join('/'));
    if (node) result.push({ path: names.slice(skip, length).join('/'), node });
  }
  return result;
}
