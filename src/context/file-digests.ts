import { join } from 'node:path';
import { z } from 'zod';
import { Digest } from '../oci/digest.ts';
import { Semaphore } from '../semaphore.ts';
import { baseOf, parentOf } from '../tree-path.ts';
import type { ChangeTimes } from './change-times.ts';
import type { ContextFiles, FoundFile } from './context-files.ts';
import { ContextMoved } from './context-moved.ts';

/** Name of a file in a directory → its stamp when it was hashed, and its digest. */
export const FileDigests = z.record(z.string(), z.tuple([z.string(), Digest]));
export type FileDigests = z.infer<typeof FileDigests>;

/** Absolute directory → digests of files that were hashed before, in this process or an earlier one. */
export interface DigestMemory {
  get(directory: string): Promise<FileDigests | undefined>;
  append(directory: string, digests: FileDigests): Promise<void>;
}

/**
 * What hashing needs besides the files: the memory of earlier runs, and the time to judge whether that can be trusted.
 */
export interface HashFilesDependencies {
  readonly files: ContextFiles;
  readonly memory: DigestMemory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Files read at once, of all contexts together. */
const reads = new Semaphore(16);

/**
 * A file that changed less than this many milliseconds before it was hashed is hashed again next time: file systems
 * count time in steps of up to 2 s, so it may have changed once more within the step and look the same.
 */
const settleTime = 2_000;

/**
 * Digests of files of the context at `root` (absolute), by path. A file is read only if it is not the one whose digest
 * is remembered, or if its file system does not tell. Throws ContextMoved for one that is gone, or was written to while it was read.
 */
export async function hashFiles(
  { root, files }: { readonly root: string; readonly files: ReadonlyMap<string, FoundFile> },
  dependencies: HashFilesDependencies,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Digest>> {
  const byDirectory = new Map<string, [path: string, file: FoundFile][]>();
  for (const [path, file] of files) {
    const directory = parentOf(path);
    const others = byDirectory.get(directory);
    if (others === undefined) byDirectory.set(directory, [[path, file]]);
    else others.push([path, file]);
  }
  const digests = new Map<string, Digest>();
  const hashing = { root, digests, changeTimes: await dependencies.files.changeTimes(), dependencies, signal };
  await Promise.all([...byDirectory].map(([directory, members]) => hashDirectory(directory, members, hashing)));
  return digests;
}

async function hashDirectory(
  directory: string,
  members: readonly (readonly [path: string, file: FoundFile])[],
  hashing: Hashing,
): Promise<void> {
  const { root, digests, changeTimes, dependencies } = hashing;
  const { memory, now } = dependencies;
  const place = join(root, directory);
  const known = (await memory.get(place)) ?? {};
  const fresh: FileDigests = {};
  const unsettled = new Set<string>();
  await Promise.all(
    members.map(async ([path, file]) => {
      const name = baseOf(path);
      const tells = await changeTimes.tell(file.fileSystem, place);
      const remembered = tells && Object.hasOwn(known, name) ? known[name] : undefined;
      if (remembered?.[0] === file.stamp) {
        digests.set(path, remembered[1]);
        return;
      }
      const digest = await hashFile(path, file, hashing);
      digests.set(path, digest);
      if (!tells || now() - file.changedAt < settleTime) unsettled.add(name);
      else fresh[name] = [file.stamp, digest];
    }),
  );
  if (Object.keys(fresh).length === 0) return;
  const kept = Object.entries(known).filter(([name]) => !unsettled.has(name));
  await memory.append(place, { ...Object.fromEntries(kept), ...fresh });
}

interface Hashing {
  readonly root: string;
  readonly digests: Map<string, Digest>;
  readonly changeTimes: ChangeTimes;
  readonly dependencies: HashFilesDependencies;
  readonly signal: AbortSignal;
}

/** The file may be written to while it is read: only a digest of what stood still counts. */
async function hashFile(path: string, file: FoundFile, { root, dependencies, signal }: Hashing): Promise<Digest> {
  const { files } = dependencies;
  return await reads.run(async () => {
    signal.throwIfAborted();
    const place = join(root, path);
    const digest = await files.digest(place, file.size, signal);
    const after = await files.look(place);
    if (digest === undefined || after?.stamp !== file.stamp) throw new ContextMoved(path);
    return digest;
  });
}
