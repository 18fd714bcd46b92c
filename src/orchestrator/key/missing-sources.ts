import { contextFiles } from '../../context/context-files.ts';
import { ContextMoved } from '../../context/context-moved.ts';
import type { PlacedRead } from '../../context/context-reads.ts';
import { missingOf } from '../../context/decide-context.ts';
import { DiskTree } from '../../context/disk-tree.ts';
import { readIgnoreFile } from '../../context/ignore-file.ts';
import { ignoringStore } from '../../context/ignored-store.ts';
import { type MissingSource, missingSourceFailures } from '../../context/missing-source.ts';
import { mapBounded } from '../../map-bounded.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Context } from '../../project/project.ts';
import { type Failure, failuresOf } from '../../result.ts';
import { ProjectReads, type ProjectReadsInputs } from './project-reads.ts';
import { wantedPlatforms } from './wanted-platforms.ts';

/** Contexts at once. */
const parallel = 8;

/**
 * Everything that the images of a project copy from their contexts and is not there, and what is wrong with their ignore
 * files, without hashing a file or entering a directory that is copied whole. Only of stages that are built: what the
 * others say fails no build. `defaults`: the platforms of images that say none; `storeDirectory`: of cip's own store, which is
 * in no context.
 */
export async function missingSourcesIn(
  inputs: ProjectReadsInputs,
  { defaults, storeDirectory }: { readonly defaults: readonly Platform[]; readonly storeDirectory: string },
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const reads = new ProjectReads(inputs);
  const readsOf = (context: Context) =>
    wantedPlatforms(context, { kind: 'declared', defaults }).flatMap((one) => reads.of(context.name, one).places);
  const { contexts } = inputs.graph.project;
  const found = await mapBounded([...contexts.values()], parallel, async (context) => {
    try {
      return await missingIn(context, { reads: readsOf(context), storeDirectory }, signal);
    } catch (error) {
      // Somebody is writing there: what is missing now may be there in a moment.
      if (error instanceof ContextMoved) return [];
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      return failures;
    }
  });
  return found.flat();
}

async function missingIn(
  { directory, path }: Context,
  { reads, storeDirectory }: { readonly reads: readonly PlacedRead[]; readonly storeDirectory: string },
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const ignored = await readIgnoreFile(directory, path);
  if (!ignored.ok) return ignored.failure;
  const ignore = await ignoringStore(ignored.value, { context: directory, store: storeDirectory });
  const root = { directory, path, ignore };
  const tree = new DiskTree({ ...root, files: contextFiles, digestOf: () => undefined, signal });
  const missing = new Map<string, MissingSource>();
  for (const { read, written, ...place } of reads) {
    for (const absent of await missingOf(read, tree)) {
      const source = written ?? absent;
      missing.set(`${place.at.file} ${place.at.offset} ${source}`, { ...place, source });
    }
  }
  return await missingSourceFailures([...missing.values()], { context: root, files: contextFiles }, signal);
}
