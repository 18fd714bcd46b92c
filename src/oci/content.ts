import type { Readable } from 'node:stream';
import type { Descriptor } from './descriptor.ts';

/** Where blobs and manifests are read from: the store, a repository in a registry, a Map in a test. */
export interface ContentSource {
  has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** The bytes, verified: the stream errors at its end if digest or size do not match. */
  open(descriptor: Descriptor, signal: AbortSignal): Promise<Readable>;
}

/** Where they are written to. Putting what is already there reads nothing and succeeds. */
export interface ContentSink {
  has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** `bytes` is opened only if the sink lacks the content. Success means: stored under this digest, verified. */
  put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void>;
}
