import { mapBounded } from '../map-bounded.ts';
import { copyGraph } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Progress } from '../progress.ts';
import type { ImageName } from '../project/image-name.ts';
import { type Failure, FailureError, FailuresError, failuresOf } from '../result.ts';
import type { Store } from '../store/store.ts';
import { imageGone, missingInRegistry } from './failure.ts';
import { latest, movesLatest } from './latest.ts';
import type { RegistryPlace } from './registry-place.ts';

export interface TransferRequest {
  /** Parents first: what their children have of them is then there to be mounted. */
  readonly images: readonly { readonly name: ImageName; readonly version: string }[];
  /** Whether an image that is missing is a failure, of which nothing else is then done, and no mere notice. */
  readonly requireAll: boolean;
  /** After a failure go on with the other images. */
  readonly keepGoing: boolean;
}

export interface TransferReport {
  /** `registry/name:version@digest` of the target, in the order of the request; as in the two others. */
  readonly copied: readonly string[];
  /** What was there already, with the same digest. */
  readonly present: readonly string[];
  /** References of the source. */
  readonly missing: readonly string[];
  readonly failures: readonly Failure[];
}

/** Where images go to: a registry, or the local store. */
interface Target {
  reference(image: ImageName, tag: string): string;
  find(image: ImageName, tag: string): Promise<Descriptor | undefined>;
  tags(image: ImageName): Promise<readonly string[]>;
  /** All that the descriptor reaches. */
  receive(image: ImageName, descriptor: Descriptor): Promise<void>;
  /** What was received becomes visible under the tags. */
  name(image: ImageName, descriptor: Descriptor, tags: readonly string[]): Promise<void>;
}

/** Images at once; each moves several blobs at once. */
const parallel = 3;

/** Copies whole images, all platforms and attestations, byte for byte from one registry to another. */
export async function mirror(
  from: RegistryPlace,
  to: RegistryPlace,
  request: TransferRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<TransferReport> {
  return await new Transfer(from, registryTarget(from, to, progress, signal), request, progress, signal).run();
}

/** Copies whole images from a registry into the store. */
export async function pull(
  from: RegistryPlace,
  store: Store,
  request: TransferRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<TransferReport> {
  return await new Transfer(from, storeTarget(from, store, progress, signal), request, progress, signal).run();
}

type Found = TransferRequest['images'][number] & { readonly descriptor: Descriptor | undefined };
type Transferred =
  | { readonly copied: string }
  | { readonly present: string }
  | { readonly failures: readonly Failure[] };

class Transfer {
  readonly #from: RegistryPlace;
  readonly #to: Target;
  readonly #request: TransferRequest;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  #hasFailed = false;

  constructor(from: RegistryPlace, to: Target, request: TransferRequest, progress: Progress, signal: AbortSignal) {
    this.#from = from;
    this.#to = to;
    this.#request = request;
    this.#progress = progress;
    this.#signal = signal;
  }

  async run(): Promise<TransferReport> {
    const found = await mapBounded(this.#request.images, 8, async (image): Promise<Found> => {
      const descriptor = await this.#from.repository(image.name).resolve(image.version, this.#signal);
      return { ...image, descriptor };
    });
    const missing = found.filter(({ descriptor }) => descriptor === undefined);
    const names = missing.map(({ name, version }) => this.#from.reference(name, version));
    if (this.#request.requireAll && missing.length > 0) throw new FailuresError(names.map(missingInRegistry));
    for (const [index, { name }] of missing.entries()) {
      this.#progress.emit({ type: 'image-skipped', image: name, why: `${names[index]} is not in the registry` });
    }
    const done = await mapBounded(found, parallel, (image) => this.#transfer(image));
    return {
      copied: done.flatMap((one) => (one && 'copied' in one ? [one.copied] : [])),
      present: done.flatMap((one) => (one && 'present' in one ? [one.present] : [])),
      missing: names,
      failures: done.flatMap((one) => (one && 'failures' in one ? one.failures : [])),
    };
  }

  async #transfer({ name, version, descriptor }: Found): Promise<Transferred | undefined> {
    if (descriptor === undefined || (this.#hasFailed && !this.#request.keepGoing)) return undefined;
    try {
      return await this.#copy(name, version, descriptor);
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined || this.#signal.aborted) throw error;
      this.#hasFailed = true;
      const message = failures.map((failure) => failure.message).join('; ');
      this.#progress.emit({ type: 'image-failed', image: name, message });
      return { failures };
    }
  }

  async #copy(name: ImageName, version: string, descriptor: Descriptor): Promise<Transferred> {
    const reference = this.#to.reference(name, version);
    const published = `${reference}@${descriptor.digest}`;
    if ((await this.#to.find(name, version))?.digest === descriptor.digest) {
      this.#progress.emit({ type: 'image-skipped', image: name, why: `${reference} is there already` });
      return { present: published };
    }
    await this.#to.receive(name, descriptor);
    const follows = movesLatest(version, await this.#to.tags(name));
    await this.#to.name(name, descriptor, follows ? [version, latest] : [version]);
    this.#progress.emit({ type: 'image-pushed', image: name, reference, digest: descriptor.digest });
    return { copied: published };
  }
}

function registryTarget(from: RegistryPlace, to: RegistryPlace, progress: Progress, signal: AbortSignal): Target {
  return {
    reference: (image, tag) => to.reference(image, tag),
    find: (image, tag) => to.repository(image).resolve(tag, signal),
    tags: (image) => to.tags(image, signal),
    receive: (image, descriptor) =>
      copyGraph(descriptor, from.repository(image), to.repository(image), signal, reporting(image, progress)),
    async name(image, descriptor, tags) {
      const repository = to.repository(image);
      const document = await repository.manifest(descriptor.digest, signal);
      if (document === undefined) throw new FailureError(imageGone(`${repository.name}@${descriptor.digest}`));
      for (const tag of tags) await repository.putManifest(tag, document.descriptor, document.bytes, signal);
    },
  };
}

function storeTarget(from: RegistryPlace, store: Store, progress: Progress, signal: AbortSignal): Target {
  return {
    reference: (image, tag) => from.reference(image, tag),
    find: (image, tag) => store.refs.get(from.reference(image, tag)),
    async tags(image) {
      const repository = from.reference(image, '');
      const references = [...(await store.refs.list()).keys()];
      return references.filter((one) => one.startsWith(repository)).map((one) => one.slice(repository.length));
    },
    receive: (image, descriptor) =>
      copyGraph(descriptor, from.repository(image), store.blobs, signal, reporting(image, progress)),
    async name(image, descriptor, tags) {
      await store.refs.set(new Map(tags.map((tag) => [from.reference(image, tag), descriptor])), signal);
    },
  };
}

function reporting(image: ImageName, progress: Progress) {
  return {
    onProgress: ({ descriptor: { digest, size }, done }: { readonly descriptor: Descriptor; readonly done: number }) =>
      progress.emit({ type: 'blob-progress', image, digest, done, total: size }),
  };
}
