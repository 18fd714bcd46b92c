import { FailureError } from '../result.ts';
import { tarHeaderInvalid } from './failure.ts';
import { type PaxRecords, SPARSE_PREFIX, XATTR_PREFIX } from './pax.ts';

/**
 * What the global headers of an archive say about all entries that follow. Only the keys that a header reads are kept,
 * in place: however many headers there are, each costs no more than its own bytes.
 */
export class GlobalRecords {
  readonly #records = new Map<string, Buffer>();
  /** Whether all that follows are sparse files. */
  isSparse = false;

  /**
   * Throws FailureError for extended attributes: no writer gives the same ones to every entry, and each entry would
   * have to carry them all.
   */
  add(records: PaxRecords, offset: number): void {
    for (const [key, value] of records) {
      if (key.startsWith(XATTR_PREFIX))
        throw new FailureError(tarHeaderInvalid(offset, 'it sets an extended attribute of all entries'));
      if (key.startsWith(SPARSE_PREFIX)) this.isSparse = true;
      else if (KEPT.has(key)) this.#records.set(key, value);
    }
  }

  get(key: string): Buffer | undefined {
    return this.#records.get(key);
  }
}

const KEPT: ReadonlySet<string> = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);
