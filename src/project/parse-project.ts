import { type Failure, failed, ok, type Result } from '../result.ts';
import { type ContextContents, parseContext } from './context.ts';
import { parseContextDirectory } from './context-directory.ts';
import { duplicateImageName, noContexts, prefixesOfMixedWidth } from './failure.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Project } from './project.ts';

/** The directories of a project as they were read, in any order. */
export interface ProjectContents {
  /** Absolute. */
  readonly directory: string;
  /** Its `contexts/`, as shown. */
  readonly path: string;
  readonly contexts: readonly ContextContents[];
}

/** The project that was read. Fails with everything that is wrong with any of its contexts. */
export function parseProject({ directory, path, contexts: contents }: ProjectContents): Result<Project> {
  const sorted = contents.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parsed = sorted.map(parseContext);
  const failures = [...duplicates(sorted), ...parsed.flatMap((result) => (result.ok ? [] : result.failure))];
  if (failures.length > 0) return failed(failures);

  const values = parsed.flatMap((result) => (result.ok ? [result.value] : []));
  const contexts = values.flatMap(({ context }) => context ?? []).sort(byPrefixThenName);
  return ok({
    directory,
    contexts: new Map(contexts.map((context) => [context.name, context])),
    notices: [
      ...(contexts.length === 0 ? [noContexts(path)] : []),
      ...values.flatMap(({ notices }) => notices),
      ...mixedWidths(contexts),
    ],
  });
}

function duplicates(contents: readonly ContextContents[]): readonly Failure[] {
  const paths = new Map<ImageName, string[]>();
  for (const { name, path } of contents) {
    const parsed = parseContextDirectory(name);
    if (parsed.kind === 'context') paths.set(parsed.name, [...(paths.get(parsed.name) ?? []), path]);
  }
  return [...paths].filter(([, same]) => same.length > 1).map(([name, same]) => duplicateImageName(name, same));
}

function byPrefixThenName(a: Context, b: Context): number {
  const [left, right] = [a.order ?? Number.POSITIVE_INFINITY, b.order ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left - right;
  return a.name < b.name ? -1 : 1;
}

/** A tool that sorts names as text builds `10-x` before `2-y`. `contexts` are in numeric order. */
function mixedWidths(contexts: readonly Context[]): readonly Notice[] {
  const prefixed = contexts.filter(({ order }) => order !== undefined);
  for (const [index, later] of prefixed.entries()) {
    const earlier = prefixed[index - 1];
    if (earlier !== undefined && earlier.order !== later.order && later.path < earlier.path) {
      return [prefixesOfMixedWidth(earlier.path, later.path)];
    }
  }
  return [];
}
