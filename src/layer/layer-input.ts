import type { Readable } from 'node:stream';
import type { FileEntry, LayerEntry, OpaqueEntry } from './layer-entry.ts';

type FileWithoutDigest = Omit<FileEntry, 'digest'>;

/** A file whose content is at hand as a stream of exactly `size` bytes; opened when it is its turn. */
export interface StreamedFile extends FileWithoutDigest {
  open(): Readable;
  readonly sourcePath?: undefined;
}
/** A file whose content is that of a regular file of `size` bytes on disk: much the faster way. */
export interface FileOnDisk extends FileWithoutDigest {
  /** Absolute. The last component may not be a link. */
  readonly sourcePath: string;
}
/** A regular file to be packed, by a stream or by its path on disk. */
export type FileInput = StreamedFile | FileOnDisk;

/** What a layer is made of. A hard link follows the file it names. */
export type LayerInput = Exclude<LayerEntry, FileEntry | OpaqueEntry> | FileInput;

/** The same entries with no mtime after `limit`, in whole seconds: what SOURCE_DATE_EPOCH asks for. */
export async function* clampMtimes(
  entries: AsyncIterable<LayerInput> | Iterable<LayerInput>,
  limit: number,
): AsyncGenerator<LayerInput, void, undefined> {
  for await (const entry of entries) yield 'mtime' in entry && entry.mtime > limit ? { ...entry, mtime: limit } : entry;
}
