import { FailureError } from '../result.ts';
import { layerTooBig, pathTooLong } from './failure.ts';
import type { FileEntry, LayerEntry } from './layer-entry.ts';

/** Bytes of a path, without the NUL that PATH_MAX counts: no process could name anything longer. limits.h(0p) */
const PATH_LIMIT = 4095;
/** Bytes of one component: NAME_MAX. */
const NAME_LIMIT = 255;
/** UTF-8 has at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/** Entries of one layer: its index is held in memory, at less than a kilobyte for each. */
const ENTRY_LIMIT = 2_000_000;
/** Bytes of names, link targets and attributes of one layer, as an index writes them. */
const TEXT_LIMIT = 256 * 1024 * 1024;
/** Directories that a layer names only as parents: so many, and for each entry a few. Honest layers have next to none. */
const IMPLICIT_LIMIT = 4096;
const IMPLICIT_PER_ENTRY = 4;

/** Throws FailureError for what no file system of Linux could hold. `path` is canonical. */
export function requireSpeakablePath(path: string, what = 'a path'): void {
  if (path.length * BYTES_PER_UNIT <= NAME_LIMIT) return;
  requireLength(path, what);
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    if ((end - start) * BYTES_PER_UNIT > NAME_LIMIT) {
      const bytes = Buffer.byteLength(path.slice(start, end));
      if (bytes > NAME_LIMIT) throw new FailureError(pathTooLong(path, 'a name', { bytes, limit: NAME_LIMIT }));
    }
    start = end + 1;
  }
}

/** The same for what a symbolic link says, which is no path until somebody follows it. */
export function requireSpeakableTarget(path: string, target: string): void {
  if (target.length * BYTES_PER_UNIT > PATH_LIMIT) requireLength(target, 'a link target', path);
}

function requireLength(text: string, what: string, path = text): void {
  const bytes = text.length > PATH_LIMIT ? text.length : Buffer.byteLength(text);
  if (bytes > PATH_LIMIT) throw new FailureError(pathTooLong(path, what, { bytes, limit: PATH_LIMIT }));
}

/** Counts what a layer makes its readers remember. Throws FailureError where that is more than they can bear. */
export class LayerLimits {
  #entries = 0;
  #text = 0;

  add(entry: LayerEntry | Omit<FileEntry, 'digest'>): void {
    this.#entries += 1;
    if (this.#entries > ENTRY_LIMIT) throw new FailureError(layerTooBig('entries', ENTRY_LIMIT));
    this.#text += written(entry.path);
    if ('target' in entry) this.#text += written(entry.target);
    if ('xattrs' in entry)
      for (const [name, value] of Object.entries(entry.xattrs ?? {})) this.#text += written(name) + value.length;
    if (this.#text > TEXT_LIMIT) throw new FailureError(layerTooBig('bytes of names and attributes', TEXT_LIMIT));
  }
}

/** Throws FailureError where the parents of so many entries are more directories than an honest layer leaves out. */
export function requireFewImplicit(implicit: number, entries: number): void {
  const limit = IMPLICIT_LIMIT + IMPLICIT_PER_ENTRY * entries;
  if (implicit > limit) throw new FailureError(layerTooBig('directories without an entry of their own', limit));
}

/** UTF-16 units of it in JSON, where a control character takes six. */
function written(text: string): number {
  return ESCAPED.test(text) ? JSON.stringify(text).length : text.length;
}

const ESCAPED = /["\\\x00-\x1f\ud800-\udfff]/;
