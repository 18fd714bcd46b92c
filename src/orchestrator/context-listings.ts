import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type IgnoreMatcher, ignoreMatcher, parseIgnoreFile } from '../dockerfile/dockerignore.ts';
import { mapBounded } from '../map-bounded.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Context, Project } from '../project/project.ts';
import { FailureError, FailuresError, ok, type Result } from '../result.ts';
import type { ContextListing } from './context-digest.ts';
import { couldCopy } from './copyable.ts';
import { contextUnreadable } from './failure.ts';
import { type HashContextDependencies, hashContext } from './hash-context.ts';

/** What counts of the context of each image, read from disk. Ignore files that are wrong are reported all at once. */
export async function contextListings(
  project: Project,
  images: readonly ImageName[],
  dependencies: HashContextDependencies,
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageName, ContextListing>> {
  const contexts = images.map((name) => project.contexts.get(name)!);
  const ignored = await mapBounded(contexts, 8, ignoredIn);
  const failures = ignored.flatMap((result) => (result.ok ? [] : result.failure));
  if (failures.length > 0) throw new FailuresError(failures);

  const filters = ignored.flatMap((result) => (result.ok ? [result.value] : []));
  const listings = await mapBounded(contexts, 8, async (context, index) => {
    const filter = withoutOwnFiles(context, filters[index]!);
    return [context.name, await hashContext(context.directory, filter, dependencies, signal)] as const;
  });
  return new Map(listings);
}

/**
 * Of the files that describe the image itself, only those count that could come to be in it: what the Dockerfile says
 * is in the key instruction by instruction, and a new version alone must not make new content.
 */
function withoutOwnFiles(context: Context, ignored: IgnoreMatcher): IgnoreMatcher {
  const metadata =
    context.metadata.kind === 'info-edn' ? [basename(context.metadata.file)] : ['VERSION', 'PLATFORMS_OVERRIDE'];
  const own = ['Dockerfile', 'Dockerfile.dockerignore', '.dockerignore', ...metadata];
  const left = new Set(own.filter((file) => !couldCopy(context.dockerfile, file)));
  return {
    excludes: (path) => left.has(path) || ignored.excludes(path),
    mayContainIncluded: (directory) => ignored.mayContainIncluded(directory),
  };
}

/** By the ignore file that a build reads: `Dockerfile.dockerignore`, else `.dockerignore`. */
async function ignoredIn({ directory, path }: Context): Promise<Result<IgnoreMatcher>> {
  for (const name of ['Dockerfile.dockerignore', '.dockerignore']) {
    const text = await readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new FailureError(contextUnreadable(join(path, name), error.message), { cause: error });
    });
    if (text === undefined) continue;
    const patterns = parseIgnoreFile(text, join(path, name));
    return patterns.ok ? ok(ignoreMatcher(patterns.value)) : patterns;
  }
  return ok(ignoreMatcher([]));
}
