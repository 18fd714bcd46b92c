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
  /**
   * True if a manifest is never there without its config and layers, as in a registry, which refuses it otherwise.
   * A sink that does not promise it, such as a store that fetches layers when they are needed, is asked for each blob.
   */
  readonly manifestsAreWhole?: boolean | undefined;
  has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** `bytes` is opened only if the sink lacks the content. Success means: stored under this digest, verified. */
  put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void>;
}
