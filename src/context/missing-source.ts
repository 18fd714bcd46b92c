import { ignoreMatcher } from '../dockerfile/dockerignore.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { Failure } from '../result.ts';
import { childOf } from '../tree-path.ts';
import type { ContextFiles } from './context-files.ts';
import type { ContextRead, ContextReads, PlacedRead } from './context-reads.ts';
import { DiskTree } from './disk-tree.ts';
import { sourceExcluded, sourceInStore, sourceMissing } from './failure.ts';
import { excludingLine, type ShownContext } from './ignore-file.ts';
import { resolveSource, type SourceTree } from './source-tree.ts';

/** What an instruction takes from its context and is not there. */
export interface MissingSource extends Omit<PlacedRead, 'read' | 'written'> {
  /** As written, with variables filled in. */
  readonly source: string;
}

/** What of the reads is missing, at every place that names it; in the order written. */
export function missingAt(
  { places }: Pick<ContextReads, 'places'>,
  missing: ReadonlyMap<ContextRead, readonly string[]>,
): readonly MissingSource[] {
  if (missing.size === 0) return [];
  const sources = new Map([...missing].map(([read, absent]) => [JSON.stringify(read), absent]));
  return places.flatMap(({ read, written, ...place }) =>
    (sources.get(JSON.stringify(read)) ?? []).map((source) => ({ ...place, source: written ?? source })),
  );
}

/** How many of a context are explained; what else is missing is most likely missing for the same reason. */
const mostExplained = 100;
/** What word processors and web pages make of `--` before a name; one of its hyphens may be left. */
const dashes = /^-?[\u2010-\u2015\u2212]-?(?=[a-z]+(?:=|$))/;
/** Names of a directory that are compared with one that is not there. */
const mostNames = 10_000;

/** Each as a failure that says why: left out by the ignore file, above the context, a slip in a name. */
export async function missingSourceFailures(
  missing: readonly MissingSource[],
  { context, files }: { readonly context: ShownContext; readonly files: ContextFiles },
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const { directory, ignore } = context;
  const tree = new DiskTree({ directory, ignore, files, digestOf: () => undefined, signal });
  const failures: Failure[] = [];
  for (const [index, one] of missing.entries()) {
    failures.push(await failureOf({ missing: one, isExplained: index < mostExplained }, context, { tree, files }));
  }
  return failures;
}

async function failureOf(
  { missing: { source, at, trigger }, isExplained }: { readonly missing: MissingSource; readonly isExplained: boolean },
  context: ShownContext,
  { tree, files }: { readonly tree: SourceTree; readonly files: ContextFiles },
): Promise<Failure> {
  const { directory, path: shown } = context;
  const names = source.split('/').filter((name) => name !== '' && name !== '.');
  const place = { source, shown, at, trigger };
  if (!isExplained) return sourceMissing(place, undefined);
  if (names.includes('..')) return sourceMissing(place, 'outside');
  const [option] = dashes.test(source) ? [source.replace(dashes, '--')] : [];
  if (option !== undefined) return sourceMissing(place, { option });
  const path = names.join('/');
  if ((await files.look(`${directory}/${path}`)) !== undefined) {
    const line = await excludingLine(context, path);
    if (line !== undefined) return sourceExcluded(place, line);
    // The one line that stands in no file: see `ignoringStore`.
    if (ignoreMatcher(context.ignore).excludes(path)) return sourceInStore(place);
  }
  // `contexts/02-web/app.js`: as seen from the project, not from the context.
  const within = path.startsWith(`${shown}/`) ? path.slice(shown.length + 1) : undefined;
  if (within !== undefined && (await resolveSource(tree, within)) !== undefined)
    return sourceMissing(place, { within });
  const nearest = await nearestTo(names, tree);
  return sourceMissing(place, nearest === undefined ? undefined : { nearest });
}

/** The path with the first name that is not there replaced by one that is and that may be meant. */
async function nearestTo(names: readonly string[], tree: SourceTree): Promise<string | undefined> {
  let above = '';
  for (const [index, name] of names.entries()) {
    const directory = await resolveSource(tree, above);
    if (directory?.type !== 'directory') return undefined;
    if ((await resolveSource(tree, childOf(above, name))) === undefined) {
      const found = suggestionFor(name, (await tree.children(directory.path)).slice(0, mostNames));
      if (found === undefined) return undefined;
      const path = [...(above === '' ? [] : [above]), found, ...names.slice(index + 1)].join('/');
      return (await resolveSource(tree, path)) === undefined ? undefined : path;
    }
    above = childOf(above, name);
  }
  return undefined;
}
