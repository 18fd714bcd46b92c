import { mapBounded } from '../../map-bounded.ts';
import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { toldCopies } from '../../oci/told-copies.ts';
import type { Progress } from '../../progress.ts';
import { isLossOfRegistry } from '../../registry/failure.ts';
import { type Failure, FailuresError, failuresOf } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import { missingInRegistry } from './failure.ts';
import type { MovedTag } from './moved-tag.ts';
import { RegistryTarget } from './registry-target.ts';
import { StoreTarget } from './store-target.ts';
import type { ImageVersion, Target } from './target.ts';

/** Which versions to copy between two registries, or from one into the store, and when to give up. */
export interface TransferRequest {
  /** Parents first: what their children have of them is then there to be mounted. */
  readonly images: readonly ImageVersion[];
  /** Whether an image that is missing is a failure, of which nothing else is then done, and no mere notice. */
  readonly requireAll: boolean;
  /** After a failure go on with the other images. */
  readonly keepGoing: boolean;
}

/** From where to where images are copied, and whom that is told. */
export interface TransferRoute<To> {
  readonly from: ProjectRegistry;
  readonly to: To;
  readonly progress: Progress;
}

/** Each image of the request in exactly one of its lists. */
export interface TransferReport {
  /** `registry/name:version@digest` of the target, in the order of the request; as in the two others. */
  readonly copied: readonly string[];
  /** What was there already: with the same digest or, by its keys, the same content. */
  readonly present: readonly string[];
  /** References of the source. */
  readonly missing: readonly string[];
  /** References of the target: there with other content, which is left; as in the two others each image once. */
  readonly conflicts: readonly string[];
  readonly failed: readonly string[];
  /** Not tried, or given up, because of what failed before. */
  readonly notCopied: readonly string[];
  /** Those that were moved; also of images that were there already. */
  readonly tags: readonly MovedTag[];
  readonly failures: readonly Failure[];
}

/** Images at once; each moves several blobs at once. */
const parallel = 3;

/** Copies whole images, all platforms and attestations, byte for byte from one registry to another. */
export async function mirror(
  request: TransferRequest,
  { from, to, progress }: TransferRoute<ProjectRegistry>,
  signal: AbortSignal,
): Promise<TransferReport> {
  return await new Transfer(request, { from, to: new RegistryTarget(from, to, signal), progress }, signal).run();
}

/** Copies whole images from a registry into the store. */
export async function pull(
  request: TransferRequest,
  { from, to, progress }: TransferRoute<Store>,
  signal: AbortSignal,
): Promise<TransferReport> {
  return await new Transfer(request, { from, to: new StoreTarget(from, to, signal), progress }, signal).run();
}

type Found = ImageVersion & { readonly descriptor: Descriptor | undefined };
type Transferred =
  | { readonly copied: string; readonly tags: readonly MovedTag[] }
  | { readonly present: string; readonly tags: readonly MovedTag[] }
  | { readonly failed: string; readonly failures: readonly Failure[] }
  | { readonly notCopied: string };

class Transfer {
  readonly #request: TransferRequest;
  readonly #from: ProjectRegistry;
  readonly #to: Target;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  #hasFailed = false;
  /** One of the registries cannot be reached: whatever else is tried would fail the same way. */
  #isLost = false;

  constructor(request: TransferRequest, { from, to, progress }: TransferRoute<Target>, signal: AbortSignal) {
    this.#request = request;
    this.#from = from;
    this.#to = to;
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
      conflicts: done.flatMap((one) => (one && 'failed' in one && isConflict(one) ? [one.failed] : [])),
      failed: done.flatMap((one) => (one && 'failed' in one && !isConflict(one) ? [one.failed] : [])),
      notCopied: done.flatMap((one) => (one && 'notCopied' in one ? [one.notCopied] : [])),
      tags: done.flatMap((one) => (one && 'tags' in one ? one.tags : [])),
      failures: done.flatMap((one) => (one && 'failures' in one ? one.failures : [])),
    };
  }

  async #transfer({ descriptor, ...image }: Found): Promise<Transferred | undefined> {
    if (descriptor === undefined) return undefined;
    const { name, version } = image;
    const reference = this.#to.reference(name, version);
    if (this.#isLost || (this.#hasFailed && !this.#request.keepGoing)) return { notCopied: reference };
    try {
      return await this.#copy(image, descriptor);
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined || this.#signal.aborted) throw error;
      const isLoss = failures.some(isLossOfRegistry);
      if (isLoss && this.#isLost) return { notCopied: reference };
      this.#isLost ||= isLoss;
      this.#hasFailed = true;
      const message = failures.map((failure) => failure.message).join('; ');
      this.#progress.emit({ type: 'image-failed', image: name, message, failures });
      return { failed: reference, failures };
    }
  }

  async #copy(image: ImageVersion, descriptor: Descriptor): Promise<Transferred> {
    const { name, version } = image;
    const reference = this.#to.reference(name, version);
    const there = await this.#to.find(image, descriptor);
    if (there !== undefined) {
      const tags = await this.#to.finish(image);
      const set = tags.length === 0 ? '' : `; set ${tags.map((tag) => tag.reference).join(', ')}`;
      this.#progress.emit({ type: 'image-skipped', image: name, why: `${reference} is there already${set}` });
      return { present: `${reference}@${there}`, tags };
    }
    const onProgress = toldCopies(this.#progress, name);
    const route = { from: this.#from.repository(name), to: this.#to.sink(name), onProgress };
    await copyGraph(descriptor, route, this.#signal);
    const tags = await this.#to.name(image, descriptor);
    const digest = tags.find((tag) => tag.reference === reference)?.after ?? descriptor.digest;
    this.#progress.emit({ type: 'image-pushed', image: name, reference, digest });
    return { copied: `${reference}@${digest}`, tags };
  }
}

function isConflict({ failures }: { readonly failures: readonly Failure[] }): boolean {
  return failures.some(({ reason }) => reason === 'different-content');
}
