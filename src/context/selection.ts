import { ignoreMatcher, parseIgnorePattern } from '../dockerfile/dockerignore.ts';
import { matchPattern as matchName } from '../dockerfile/path-pattern.ts';
import type { Digest } from '../oci/digest.ts';
import { digestOfFields } from '../oci/fields-digest.ts';
import { type Failure, FailureError } from '../result.ts';
import { baseOf, childOf } from '../tree-path.ts';
import type { Masks, Selector } from './selector.ts';
import { resolveSource, type SourceNode, type SourceTree } from './source-tree.ts';

/** One thing that a pattern of COPY matched. */
export interface Selected {
  /** Number of the pattern. */
  readonly pattern: number;
  /** The directory that the paths of `--parents` are kept from: the source's root, or what the pivot says. */
  readonly top: SourceNode;
  /** As written or matched, before the links in it are followed; '' for `top` of `--parents` alone. */
  readonly source: string;
  /** Its last component: the name it gets in a destination directory. */
  readonly name: string;
  /** With `--parents`, where it comes to be below the destination; empty for `top`, of which nothing comes there itself. */
  readonly kept: string;
  /**
   * Directories that lead to it from the source's root or the pivot, for `--parents`; outermost first. `isFirst` unless
   * an earlier match of the same pattern has it too.
   */
  readonly leading: readonly { readonly path: string; readonly node: SourceNode; readonly isFirst: boolean }[];
  /** The node itself, links followed but with `--parents`. */
  readonly node: SourceNode;
  /** For a directory: all below it, parents before children, by path relative to it. Links are not followed. */
  readonly below: readonly { readonly path: string; readonly node: SourceNode }[];
}

/**
 * What the patterns select, in their order. A pattern without wildcards that matches nothing is the failure that
 * `missing` makes of it; a wildcard that matches nothing selects nothing. Links are followed for what a pattern names,
 * not below a directory; with `--parents` only up to the pivot, and what the patterns match comes after its directory.
 */
export async function select(
  tree: SourceTree,
  selector: Selector,
  missing: (pattern: string) => Failure,
): Promise<readonly Selected[]> {
  const excluded = ignoreMatcher(selector.exclude);
  const excludes = (path: string) => selector.exclude.length > 0 && excluded.excludes(path);
  const result: Selected[] = [];
  for (const [number, pattern] of selector.patterns.entries()) {
    const { tops, matches, absent } = await matchPattern(tree, pattern, selector);
    if (absent !== undefined) throw new FailureError(missing(absent));
    // The destination is made, and gets the time of the directory, whatever is found in that.
    for (const top of tops)
      result.push({ pattern: number, top, source: '', name: '', kept: '', leading: [], node: top, below: [] });
    const seen = new Set<string>();
    for (const { path, node, top } of matches) {
      const kept = selector.parents ? path : '';
      // What is excluded is told from the directory that is copied, as it is with --parents from where paths are kept.
      const below =
        node.type === 'directory' ? await walkBelow(tree, node, (inner) => !excludes(childOf(kept, inner))) : [];
      if (excludes(kept || baseOf(path)) && below.length === 0 && (selector.parents || node.type !== 'directory')) {
        if (selector.parents && !isWildcard(pattern)) throw new FailureError(missing(path));
        continue;
      }
      const found = selector.parents ? await leadingDirectories(tree, top, path) : [];
      const leading = found.map((one) => ({ ...one, isFirst: !seen.has(one.path) }));
      for (const one of [...leading, { path: kept }, ...below.map((one) => ({ path: childOf(kept, one.path) }))])
        if (selector.parents) seen.add(one.path);
      result.push({ pattern: number, top, source: path, name: baseOf(path), kept, leading, node, below });
    }
  }
  return result;
}

/** What keeps the patterns from being selected, each told as `select` tells the first. Enters no directory for that. */
export async function missingSources(tree: SourceTree, selector: Selector): Promise<readonly string[]> {
  const all: string[] = [];
  for (const pattern of selector.patterns) {
    const { absent } = await matchPattern(tree, pattern, selector);
    if (absent !== undefined) all.push(absent);
  }
  return all;
}

interface Matches {
  /** With --parents, the directories that paths are kept from. */
  readonly tops: readonly SourceNode[];
  /** Paths as they are written or matched, with --parents from `top`. */
  readonly matches: readonly { readonly path: string; readonly node: SourceNode; readonly top: SourceNode }[];
  /** A pattern without wildcards that matches nothing, or a link to nothing. */
  readonly absent?: string | undefined;
}

/** Links are followed, but for those that --parents comes to behind the pivot. */
async function matchPattern(
  tree: SourceTree,
  pattern: string,
  { parents, literal = false }: Selector,
): Promise<Matches> {
  if (literal) return await matchPath(tree, components(pattern).join('/'));
  if (parents) return await matchWithParents(tree, pattern);
  const paths = await matchPaths(tree, components(pattern));
  const matches: { path: string; node: SourceNode; top: SourceNode }[] = [];
  for (const path of paths) {
    const node = await resolveSource(tree, path);
    if (!node) return { tops: [], matches, absent: path };
    matches.push({ path, node, top: node });
  }
  if (paths.length > 0) return { tops: [], matches };
  return { tops: [], matches, absent: isWildcard(pattern) ? await lostPrefix(tree, components(pattern)) : pattern };
}

async function matchPath(tree: SourceTree, path: string): Promise<Matches> {
  const [top, node] = [await resolveSource(tree, ''), await resolveSource(tree, path)];
  if (top === undefined || node === undefined) return { tops: [], matches: [], absent: path };
  return { tops: [], matches: [{ path, node, top }] };
}

/** What is named before the first wildcard and is not there. */
async function lostPrefix(tree: SourceTree, pattern: readonly string[]): Promise<string | undefined> {
  const names = pattern.slice(0, pattern.findIndex(isWildcard));
  for (let length = 1; length <= names.length; length += 1) {
    const path = names.slice(0, length).join('/');
    if ((await resolveSource(tree, path)) === undefined) return path;
  }
  return undefined;
}

/**
 * What stands before the pivot is a source like any other, and what stands behind it a pattern as those of ignore files
 * are. One that has no wildcard at all has to name something by its very path.
 */
async function matchWithParents(tree: SourceTree, pattern: string): Promise<Matches> {
  const { pivot, rest } = splitPivot(pattern);
  const tops: SourceNode[] = [];
  const matches: { path: string; node: SourceNode; top: SourceNode }[] = [];
  for (const path of await matchPaths(tree, pivot)) {
    const top = await resolveSource(tree, path);
    if (top === undefined || (top.type !== 'directory' && !pivot.some(isWildcard)))
      return { tops, matches, absent: path };
    if (top.type !== 'directory') continue;
    tops.push(top);
    for (const match of await matchesBelow(tree, top, rest)) matches.push({ ...match, top });
  }
  const isNamed = !isWildcard(pattern);
  const isThere = rest.length > 0 && (await isAt(tree, [...pivot, ...rest]));
  const isLost = isNamed ? !isThere : tops.length === 0 && !pivot.some(isWildcard);
  return { tops, matches, absent: isLost ? pattern : undefined };
}

/** Whether a path is there without following a link. */
async function isAt(tree: SourceTree, names: readonly string[]): Promise<boolean> {
  let node = await tree.lookup('');
  for (const name of names) {
    if (node?.type !== 'directory') return false;
    node = await tree.lookup(childOf(node.path, name));
  }
  return node !== undefined;
}

/** The uppermost nodes below a directory that a pattern matches, in the order of a walk. No link is followed. */
async function matchesBelow(
  tree: SourceTree,
  top: SourceNode,
  rest: readonly string[],
): Promise<readonly { readonly path: string; readonly node: SourceNode }[]> {
  const written = parseIgnorePattern(rest.join('/'));
  if (!written.ok) return [];
  const matcher = ignoreMatcher([written.value]);
  const literal = rest.slice(0, rest.findIndex(isWildcard) === -1 ? rest.length : rest.findIndex(isWildcard));
  const found: { path: string; node: SourceNode }[] = [];
  const visit = async (directory: SourceNode, prefix: string, depth: number): Promise<void> => {
    // Up to the first wildcard there is one way only.
    const only = literal[depth];
    for (const name of only === undefined ? await tree.children(directory.path) : [only]) {
      const node = await tree.lookup(childOf(directory.path, name));
      if (node === undefined) continue;
      const path = childOf(prefix, name);
      if (matcher.excludes(path)) found.push({ path, node });
      else if (node.type === 'directory') await visit(node, path, depth + 1);
    }
  };
  await visit(top, '', 0);
  return found;
}

/**
 * Digest of all that a selection can bring into a layer: names, types, modes, owners, link targets, device numbers,
 * extended attributes, contents, and which names are one file. No times, unless `timeOf` says which count. A directory
 * whose content alone is copied counts without its own mode and owner.
 */
export async function selectionDigest(
  { tree, selection }: { readonly tree: SourceTree; readonly selection: readonly Selected[] },
  { parents }: Pick<Selector, 'parents'>,
  { masks, timeOf }: { readonly masks: Masks; readonly timeOf?: (node: SourceNode) => number | undefined },
): Promise<Digest> {
  const links = new SharedFiles(selection);
  const fields: string[] = [];
  const add = async (path: string, node: SourceNode, masked = masks) => {
    fields.push(path, await nodeDigest(tree, node, masked), links.of(node), timeOf ? String(timeOf(node)) : '');
  };
  for (const selected of selection) {
    const { name, kept, leading, node, below, top } = selected;
    fields.push('source', name, kept, String(leading.length), String(below.length));
    // One that is there already gets the mode of its source, whatever --chmod says.
    const ofLeading = { ...masks, mode: false };
    for (const { path, node: directory } of leading) await add(path, { ...directory, type: 'directory' }, ofLeading);
    if (hasOwnEntry(selected, parents)) await add('', node);
    // The destination gets its time.
    if (timeOf && (parents || node.type === 'directory')) fields.push('top', String(timeOf(parents ? top : node)));
    for (const entry of below) await add(entry.path, entry.node);
  }
  return digestOfFields(fields);
}

/** Whether the layer gets an entry for what was matched, and not for its content alone. */
export function hasOwnEntry({ node, kept }: Selected, parents: boolean): boolean {
  return node.type !== 'directory' || (parents && kept !== '');
}

/** All nodes of a selection that come to be in a layer. */
export function* selectedNodes(selection: readonly Selected[], parents: boolean): Generator<SourceNode> {
  for (const selected of selection) {
    for (const { node } of selected.leading) yield node;
    if (hasOwnEntry(selected, parents)) yield selected.node;
    for (const { node } of selected.below) yield node;
  }
}

/** Files of which a selection has several names: the layer has them as hard links. */
export class SharedFiles {
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<string, number>();

  constructor(selection: readonly Selected[]) {
    for (const { identity } of selectedNodes(selection, true)) {
      if (identity !== undefined) this.#names.set(identity, (this.#names.get(identity) ?? 0) + 1);
    }
  }

  /** The number of the file, in the order of the selection; empty where the selection has one name of it. */
  of({ identity }: SourceNode): string {
    if (identity === undefined || (this.#names.get(identity) ?? 0) < 2) return '';
    const number = this.#numbers.get(identity) ?? this.#numbers.size;
    this.#numbers.set(identity, number);
    return String(number);
  }
}

async function nodeDigest(tree: SourceTree, node: SourceNode, masks: Masks): Promise<Digest> {
  return digestOfFields([
    node.type,
    masks.mode && node.type !== 'symlink' ? '' : node.mode.toString(8),
    masks.owner ? '' : `${node.uid}:${node.gid}`,
    node.target ?? '',
    `${node.major ?? ''}:${node.minor ?? ''}`,
    ...Object.entries(node.xattrs ?? {}).flat(),
    node.type === 'file' ? await tree.digest(node) : '',
  ]);
}

function isWildcard(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/** `a/./b/c` with `--parents`: the path is kept from `b` on. What stands before the first `/./` may begin with `./`. */
function splitPivot(pattern: string): { readonly pivot: string[]; readonly rest: string[] } {
  const at = pattern.indexOf('/./');
  if (at === -1) return { pivot: [], rest: components(pattern) };
  return { pivot: components(pattern.slice(0, at)), rest: components(pattern.slice(at + 3)) };
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

/**
 * Paths in the tree that the pattern's components match, in the order of a walk; the root for an empty pattern. Links are
 * followed up to the first wildcard, and from there on no directory is behind one.
 */
async function matchPaths(tree: SourceTree, pattern: readonly string[]): Promise<readonly string[]> {
  let matches: readonly Match[] = [{ path: '', node: await tree.lookup('') }];
  let isWild = false;
  for (const component of pattern) {
    isWild ||= isWildcard(component);
    const next: Match[] = [];
    for (const match of matches) {
      if (isWild) next.push(...(await matchChildren(tree, match, component)));
      else {
        const path = childOf(match.path, component);
        const node = await resolveSource(tree, path);
        if (node) next.push({ path, node });
      }
    }
    matches = next;
  }
  return matches.map(({ path }) => path);
}

interface Match {
  readonly path: string;
  readonly node: SourceNode | undefined;
}

async function matchChildren(tree: SourceTree, { path, node }: Match, component: string): Promise<readonly Match[]> {
  if (node?.type !== 'directory') return [];
  const names = isWildcard(component)
    ? (await tree.children(node.path)).filter((name) => matchName(component, name))
    : [component];
  const children: Match[] = [];
  for (const name of names) {
    const child = await tree.lookup(childOf(node.path, name));
    if (child) children.push({ path: childOf(path, name), node: child });
  }
  return children;
}

async function walkBelow(
  tree: SourceTree,
  directory: SourceNode,
  keep: (path: string) => boolean,
): Promise<{ readonly path: string; readonly node: SourceNode }[]> {
  const result: { path: string; node: SourceNode }[] = [];
  const visit = async (at: SourceNode, prefix: string): Promise<void> => {
    for (const name of await tree.children(at.path)) {
      const node = await tree.lookup(childOf(at.path, name));
      const path = childOf(prefix, name);
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

/** The directories between `top` and what is at `path` below it. */
async function leadingDirectories(
  tree: SourceTree,
  top: SourceNode,
  path: string,
): Promise<readonly { readonly path: string; readonly node: SourceNode }[]> {
  const names = path.split('/');
  const result: { path: string; node: SourceNode }[] = [];
  for (let length = 1; length < names.length; length += 1) {
    const at = names.slice(0, length).join('/');
    const node = await resolveSource(tree, childOf(top.path, at));
    if (node) result.push({ path: at, node });
  }
  return result;
}
