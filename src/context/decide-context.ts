import { join } from 'node:path';
import type { Digest } from '../oci/digest.ts';
import { digestOfFields } from '../oci/fields-digest.ts';
import { FailureError } from '../result.ts';
import { parentOf } from '../tree-path.ts';
import type { FoundFile } from './context-files.ts';
import { ContextMoved } from './context-moved.ts';
import type { ContextRead, ContextReads } from './context-reads.ts';
import { DiskTree } from './disk-tree.ts';
import { contextChanging, nothingSelected } from './failure.ts';
import { type HashFilesDependencies, hashFiles } from './file-digests.ts';
import { type CountedSelections, type RecordedContext, recordNode } from './recorded-context.ts';
import { missingSources, type Selected, SharedFiles, select, selectedNodes, selectionDigest } from './selection.ts';
import { noMasks } from './selector.ts';
import { compareBytes, type SourceNode, type SourceTree } from './source-tree.ts';

/** What of a context counts for a build. Equal digests, with equal instructions, give equal images. */
export interface ContextListing {
  readonly digest: Digest;
  /** Path → its type, mode and content in short; sorted by path. Equal text is equal content. */
  readonly paths: Readonly<Record<string, string>>;
}

/** What one build takes of a context, as keys count it. */
export interface DecidedReads {
  readonly listing: ContextListing;
  readonly counted: CountedSelections;
  /** What fails the build, by the reads that name it. */
  readonly missing: ReadonlyMap<ContextRead, readonly string[]>;
}

/** What was seen of a context, and for each of the reads that were asked about, in their order, what counts. */
export interface DecidedContext {
  readonly recorded: Omit<RecordedContext, 'counted'>;
  readonly decided: readonly DecidedReads[];
}

/** A build context on this machine. */
export interface ContextRoot {
  /** Absolute. */
  readonly directory: string;
  /** Patterns of the ignore file. */
  readonly ignore: readonly string[];
}

/** How often a context that changes while it is looked at is looked at. */
const attempts = 3;

/**
 * Looks at what the reads select of a context, and hashes just that. Throws FailureError: `context-changing` where the
 * context does not stand still, `context-unreadable`.
 */
export async function decideContext(
  { root, reads }: { readonly root: ContextRoot; readonly reads: readonly ContextReads[] },
  dependencies: HashFilesDependencies,
  signal: AbortSignal,
): Promise<DecidedContext> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await decide({ root, reads }, dependencies, signal);
    } catch (error) {
      if (!(error instanceof ContextMoved)) throw error;
      if (attempt === attempts)
        throw new FailureError(contextChanging(join(root.directory, error.path)), { cause: error });
    }
  }
}

async function decide(
  { root: { directory, ignore }, reads }: { readonly root: ContextRoot; readonly reads: readonly ContextReads[] },
  dependencies: HashFilesDependencies,
  signal: AbortSignal,
): Promise<DecidedContext> {
  let digests: ReadonlyMap<string, Digest> = new Map();
  const tree = new DiskTree({
    directory,
    ignore,
    files: dependencies.files,
    digestOf: (path) => digests.get(path),
    signal,
  });
  const taken: (readonly Taken[])[] = [];
  for (const one of reads) taken.push(await takenBy(one, tree));

  const wanted = new Map<string, FoundFile>();
  for (const { read, selection } of taken.flat()) {
    for (const { type, path } of selectedNodes(selection ?? [], read.parents)) {
      if (type === 'file') wanted.set(path, tree.found(path)!);
    }
  }
  digests = await hashFiles({ root: directory, files: wanted }, dependencies, signal);

  const decided = [];
  for (const [index, one] of reads.entries()) decided.push(await counted(taken[index]!, one, tree));
  return { recorded: await recorded(tree, ignore, digests), decided };
}

/** A read and what it selects; nothing where what it names is not there, which fails the build. */
interface Taken {
  readonly read: ContextRead;
  readonly selection: readonly Selected[] | undefined;
}

const everything: ContextRead = { patterns: ['.'], exclude: [], parents: false, masks: noMasks };

async function takenBy({ reads, whole }: ContextReads, tree: DiskTree): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  for (const read of whole ? [...reads, everything] : reads) {
    taken.push({ read, selection: await selectionOf(read, tree) });
  }
  return taken;
}

/** What of a read is not there; nothing for a pattern that is malformed, which the build will say. */
export async function missingOf(read: ContextRead, tree: SourceTree): Promise<readonly string[]> {
  try {
    return await missingSources(tree, read);
  } catch (error) {
    if (error instanceof FailureError && error.failure.reason === 'bad-pattern') return [];
    throw error;
  }
}

async function selectionOf(read: ContextRead, tree: DiskTree): Promise<readonly Selected[] | undefined> {
  try {
    return await select(tree, read, nothingSelected);
  } catch (error) {
    const reason = error instanceof FailureError ? error.failure.reason : undefined;
    if (reason === 'copy-source-missing' || reason === 'bad-pattern') return undefined;
    throw error;
  }
}

async function counted(
  taken: readonly Taken[],
  { whole, stages }: ContextReads,
  tree: DiskTree,
): Promise<DecidedReads> {
  const fields: string[] = [];
  const selections: Digest[] = [];
  const paths = new Map<string, string>();
  const missing = new Map<ContextRead, readonly string[]>();
  for (const { read, selection } of taken) {
    if (selection === undefined) {
      fields.push('missing', ...read.patterns);
      missing.set(read, await missingOf(read, tree));
      continue;
    }
    fields.push('selection', await selectionDigest({ tree, selection }, read, { masks: read.masks }));
    selections.push(await selectionDigest({ tree, selection }, read, { masks: noMasks }));
    await describe(selection, read, { tree, paths });
  }
  const sorted = [...paths].sort(([a], [b]) => compareBytes(a, b));
  return {
    listing: { digest: digestOfFields(fields), paths: Object.fromEntries(sorted) },
    counted: { stages, whole, selections },
    missing,
  };
}

/**
 * What is selected, by path. What a link that was named leads to is told under the name of the link as well, as the image has it
 * under that. Of two reads of one path the one that tells more describes it.
 */
async function describe(
  selection: readonly Selected[],
  { masks, parents }: ContextRead,
  { tree, paths }: { readonly tree: DiskTree; readonly paths: Map<string, string> },
): Promise<void> {
  const links = new SharedFiles(selection);
  const first = new Map<string, string>();
  const add = async (path: string, node: SourceNode, shared = '') => {
    if (masks.mode && paths.has(path)) return;
    const mode = masks.mode || node.type === 'symlink' ? '' : ` ${node.mode.toString(8)}`;
    const content = node.type === 'file' ? await tree.digest(node) : (node.target ?? deviceOf(node));
    paths.set(path, `${`${node.type}${mode} ${content}`.trimEnd()}${shared}`);
  };
  for (const node of selectedNodes(selection, parents)) {
    const number = links.of(node);
    const other = number === '' ? undefined : first.get(number);
    if (number !== '' && other === undefined) first.set(number, node.path);
    await add(node.path, node, other === undefined || other === node.path ? '' : ` = ${other}`);
  }
  for (const { source, node } of selection) {
    if (source !== '' && source !== node.path && node.type !== 'directory' && !parents) await add(source, node);
  }
}

function deviceOf({ major, minor }: SourceNode): string {
  return major === undefined ? '' : `${major}:${minor}`;
}

async function recorded(
  tree: DiskTree,
  ignore: readonly string[],
  digests: ReadonlyMap<string, Digest>,
): Promise<DecidedContext['recorded']> {
  const { nodes, listed } = await tree.seen();
  const isListed = new Set(listed);
  const present = [...nodes.values()].filter((node) => node !== undefined);
  const absent = [...nodes].filter(([path, node]) => node === undefined && !isListed.has(parentOf(path)));
  return {
    ignore,
    nodes: present.map((node) => recordNode(node, digests.get(node.path))),
    absent: absent.map(([path]) => path),
    listed,
  };
}
