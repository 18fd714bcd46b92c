import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Semaphore } from '../semaphore.ts';
import type { ContentSink, ContentSource } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { isDocumentType, isForeignLayer, isManifestType } from './media-type.ts';
import { type ImageDocument, readDocument } from './read-document.ts';

/** How far one blob or document is. `done` in bytes of `descriptor.size`; it starts again when a transfer does. */
export interface CopyProgress {
  readonly descriptor: Descriptor;
  readonly state: 'present' | 'copying' | 'copied';
  readonly done: number;
}

/** Where an image goes, how many of its blobs travel at once, and who is told how far each of them is. */
export interface CopyRoute {
  readonly from: ContentSource;
  readonly to: ContentSink;
  /** Transfers at once; 4 if not given. */
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/**
 * Copies all that `root` reaches, byte for byte: an index with its manifests (attestations too), a manifest with its
 * config and layers. Children are in the sink before what names them, so that a copy that was broken off shows
 * nothing incomplete. What the sink has is not read, each digest is copied once, and layers that may not be passed
 * on (those with `urls`) are left where they are. The first failure ends the others and is thrown when they have ended.
 */
export async function copyGraph(root: Descriptor, route: CopyRoute, signal: AbortSignal): Promise<void> {
  await new GraphCopy(route, signal).run(root);
}

/** Bytes between two reports of progress. */
const reportEvery = 256 << 10;

class GraphCopy {
  readonly #from: ContentSource;
  readonly #to: ContentSink;
  readonly #signal: AbortSignal;
  readonly #report: (progress: CopyProgress) => void;
  readonly #isWatched: boolean;
  readonly #transfers: Semaphore;
  readonly #failed = new AbortController();
  readonly #copies = new Map<Digest, Promise<void>>();

  constructor({ from, to, concurrency, onProgress }: CopyRoute, signal: AbortSignal) {
    this.#from = from;
    this.#to = to;
    this.#signal = AbortSignal.any([signal, this.#failed.signal]);
    this.#report = onProgress ?? (() => {});
    this.#isWatched = onProgress !== undefined;
    this.#transfers = new Semaphore(concurrency ?? 4);
  }

  async run(root: Descriptor): Promise<void> {
    try {
      await this.#once(root);
    } catch (error) {
      // A failure rejects its parents at once; nothing may go on behind the caller's back.
      await Promise.allSettled(this.#copies.values());
      throw this.#failed.signal.aborted ? this.#failed.signal.reason : error;
    }
  }

  #once(descriptor: Descriptor): Promise<void> {
    let copy = this.#copies.get(descriptor.digest);
    if (copy === undefined) {
      copy = this.#copy(descriptor).catch((error: unknown) => {
        // The first to fail gives the reason; those it ended fail for no other.
        if (!this.#signal.aborted) this.#failed.abort(error);
        throw error;
      });
      this.#copies.set(descriptor.digest, copy);
    }
    return copy;
  }

  async #copy(descriptor: Descriptor): Promise<void> {
    this.#signal.throwIfAborted();
    if (isDocumentType(descriptor.mediaType)) return await this.#copyDocument(descriptor);
    if (isForeignLayer(descriptor.mediaType) && (descriptor.urls?.length ?? 0) > 0) return;
    await this.#transfers.run(() => this.#put(descriptor, () => this.#from.open(descriptor, this.#signal)));
  }

  async #copyDocument(descriptor: Descriptor): Promise<void> {
    const isThere = await this.#transfers.run(() => this.#to.has(descriptor, this.#signal));
    const isLeaf = isThere && this.#to.manifestsAreWhole === true && isManifestType(descriptor.mediaType);
    if (isLeaf) return this.#report({ descriptor, state: 'present', done: descriptor.size });

    const document = await this.#transfers.run(() => readDocument(this.#from, descriptor, this.#signal));
    await Promise.all(childrenOf(document).map((child) => this.#once(child)));
    if (isThere) return this.#report({ descriptor, state: 'present', done: descriptor.size });
    await this.#transfers.run(() => this.#put(descriptor, async () => Readable.from([document.bytes])));
  }

  async #put(descriptor: Descriptor, open: () => Promise<Readable>): Promise<void> {
    this.#signal.throwIfAborted();
    let wasOpened = false;
    const opened = async () => {
      wasOpened = true;
      const bytes = await open();
      return this.#isWatched ? this.#watch(descriptor, bytes) : bytes;
    };
    await this.#to.put(descriptor, opened, this.#signal);
    this.#report({ descriptor, state: wasOpened ? 'copied' : 'present', done: descriptor.size });
  }

  #watch(descriptor: Descriptor, bytes: Readable): Readable {
    const report = this.#report;
    let done = 0;
    let reported = 0;
    report({ descriptor, state: 'copying', done });
    const counter = new Transform({
      transform(chunk: Uint8Array, _encoding, next) {
        done += chunk.length;
        if (done - reported >= reportEvery) {
          reported = done;
          report({ descriptor, state: 'copying', done });
        }
        next(null, chunk);
      },
    });
    // An error of either end reaches the other through the pipeline, and the sink through the counter.
    pipeline(bytes, counter).catch(() => {});
    return counter;
  }
}

/** The blobs and documents that a document names as parts of it. Its `subject` is not one. */
export function childrenOf(document: ImageDocument): readonly Descriptor[] {
  return document.kind === 'index' ? document.value.manifests : [document.value.config, ...document.value.layers];
}
