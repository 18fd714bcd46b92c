import { type ContextContents, isImage, parseContext } from './context.ts';
import { parseContextDirectory } from './context-directory.ts';
import { duplicateImageName, noContexts, prefixesOfMixedWidth } from './failure.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Problem, Project } from './project.ts';

/** The directories of a project as they were read, in any order. */
export interface ProjectContents {
  /** Absolute. */
  readonly directory: string;
  /** Its `contexts/`, as shown. */
  readonly path: string;
  readonly contexts: readonly ContextContents[];
}

/** The project that was read: what is wrong with one context keeps no other from being read. */
export function parseProject({ directory, path, contexts: contents }: ProjectContents): Project {
  const sorted = contents.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const twice = duplicates(sorted);
  const parsed = sorted.map(parseContext);
  const found = parsed.flatMap(({ context }) => context ?? []);
  const contexts = found.filter(({ name }) => !twice.has(name)).sort(byPrefixThenName);
  const unread = [
    ...parsed.flatMap((one) => one.unread ?? []),
    ...[...twice].map(([name, paths]) => ({ name, path: paths[0]! })),
  ];
  return {
    directory,
    contexts: new Map(contexts.map((context) => [context.name, context])),
    unread: new Map(unread.map((one) => [one.name, one])),
    problems: [
      ...[...twice].map(([name, paths]) => ({ images: [name], failure: duplicateImageName(name, paths) })),
      ...parsed.flatMap(({ unread: whose, failures }) =>
        failures.map((failure): Problem => ({ images: whose === undefined ? [] : [whose.name], failure })),
      ),
    ],
    notices: [
      ...(contexts.length === 0 && unread.length === 0 ? [noContexts(path)] : []),
      ...parsed.flatMap(({ notices }) => notices),
      ...mixedWidths(contexts),
    ],
  };
}

/** Images that more than one directory would become, with the paths of these. */
function duplicates(contents: readonly ContextContents[]): ReadonlyMap<ImageName, readonly string[]> {
  const paths = new Map<ImageName, string[]>();
  for (const one of contents) {
    const parsed = parseContextDirectory(one.name);
    if (parsed.kind !== 'context' || !isImage(one)) continue;
    const same = paths.get(parsed.name);
    if (same === undefined) paths.set(parsed.name, [one.path]);
    else same.push(one.path);
  }
  return new Map([...paths].filter(([, same]) => same.length > 1));
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
