import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';

/** A document as it is stored and sent: its bytes and their name. */
export interface DocumentBytes {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * A JSON document addressed by digest. `bytes` is the identity, `value` a view of it: what came from a
 * registry goes on as `bytes` and is never re-serialised from `value`.
 */
export interface Document<T> extends DocumentBytes {
  readonly value: T;
}

/** A document of our own making. Key order is the order in which `value` was built; no white space. */
export function makeDocument<T extends object>(mediaType: string, value: T): Document<T> {
  const bytes = Buffer.from(JSON.stringify(value));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, value };
}
