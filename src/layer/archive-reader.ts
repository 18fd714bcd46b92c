import { posix } from 'node:path';
import { FailureError } from '../result.ts';
import { readTar } from '../tar/read.ts';
import { reservedName } from './failure.ts';
import { LayerLimits, requireSpeakablePath } from './layer-limits.ts';
import { entryOf, type LayerRecord, ownedBy } from './layer-reader.ts';
import { isReserved } from './whiteout.ts';

/** An entry of an archive that ADD unpacks, before its content is read. */
export interface ArchiveRecord extends LayerRecord {
  /** What the entry says of a node; that of a hard link speaks of the file. */
  readonly metadata: ReturnType<typeof ownedBy>;
}

/**
 * Entries of an uncompressed archive in its order, each under the name it has there: `..` and a leading slash lead to
 * the archive's own root, which is '', and links are not followed. An entry `.` says nothing. Throws FailureError, also
 * for the names that mean a deletion in a layer (`reserved-name`).
 */
export async function* readArchive(tar: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveRecord, void, undefined> {
  const limits = new LayerLimits();
  for await (const { header: written, body } of readTar(tar, { endMarkerOptional: true })) {
    const header = { ...written, mtime: withinReach(written.mtime) };
    if (isRoot(header.name)) continue;
    const path = inRoot(header.name);
    if (isReserved(path)) throw new FailureError(reservedName(path));
    requireSpeakablePath(path);
    const entry = entryOf(path, header, inRoot);
    limits.add(entry);
    yield { entry, body, metadata: ownedBy(header) };
  }
}

/** `.`, `./` and nothing, but not `/`: as moby's archive package tells them apart. */
function isRoot(name: string): boolean {
  return posix.normalize(name).replace(/\/$/, '') === '.';
}

function inRoot(name: string): string {
  return posix.resolve('/', name).slice(1);
}

/** Seconds; 0 for what is before 1970 or after 2262, as in moby's archive package, which counts nanoseconds in 64 bits. */
function withinReach(mtime: number): number {
  return mtime < 0 || mtime > 9_223_372_036 ? 0 : mtime;
}
