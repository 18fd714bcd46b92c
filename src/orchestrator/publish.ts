import type { Descriptor } from '../oci/descriptor.ts';
import type { Document } from '../oci/document.ts';
import type { ImageIndex } from '../oci/image-index.ts';
import { readManifest } from '../oci/read-document.ts';
import type { ImageName } from '../project/image-name.ts';
import { type Failure, failuresOf } from '../result.ts';
import { Semaphore } from '../semaphore.ts';
import { type DeliverDependencies, deliverImage } from './deliver-image.ts';
import type { MovedTag } from './moved-tag.ts';
import type { Plan, PlannedImage } from './plan.ts';
import type { RegistryPlace } from './registry-place.ts';
import { type RunDependencies, type RunOptions, runPlan } from './run-plan.ts';
import { type ImageResult, isComplete } from './run-report.ts';
import { type DeliveredImage, setTags } from './set-tags.ts';

export type PublishDependencies = RunDependencies & DeliverDependencies & { readonly place: RegistryPlace };

export type PublishOptions = Omit<RunOptions, 'onContent'>;

export interface PublishReport {
  /** One for each image of the plan, in its order; a push that failed is a failure of its image. */
  readonly results: readonly ImageResult[];
  /** Those of setting the tags. */
  readonly failures: readonly Failure[];
  /** In the order in which they were set. */
  readonly tags: readonly MovedTag[];
  /** `registry/name:version@digest` of what this run made visible, in the order of the plan. */
  readonly published: readonly string[];
}

/** Images sent at once; each sends several blobs at once. */
const pushes = 3;

/**
 * Publishes a plan in two phases, so that a run that ends half-way does not show. First all content is built and sent
 * by digest, images as they finish; only if that succeeded for every image, tags are set: versions that are still as
 * they were when the plan was made, then `latest`, forward only.
 */
export async function publish(
  plan: Plan,
  dependencies: PublishDependencies,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<PublishReport> {
  const deliveries = new Deliveries(plan, dependencies, options, signal);
  const run = await runPlan(plan, dependencies, deliveries.options, signal);
  const results = await deliveries.merge(run.results);
  if (signal.aborted || !isComplete({ results })) return { results, failures: [], tags: [], published: [] };

  const delivered = await deliveries.delivered();
  const { tags, failures } = await setTags(delivered, dependencies.place, dependencies.progress, signal);
  const set = new Set(tags.map(({ reference }) => reference));
  const visible = delivered.filter(({ image }) => set.has(image.reference));
  const published = visible.map(({ image, document }) => `${image.reference}@${document.descriptor.digest}`);
  return { results, failures, tags, published };
}

class Deliveries {
  /** For the run that brings the content. */
  readonly options: RunOptions;
  readonly #plan: Plan;
  readonly #dependencies: PublishDependencies;
  readonly #signal: AbortSignal;
  readonly #keepGoing: boolean;
  readonly #slots = new Semaphore(pushes);
  readonly #drain = new AbortController();
  readonly #running = new Map<ImageName, Promise<Delivery>>();
  readonly #mounted = new Map<ImageName, Promise<void>>();

  constructor(plan: Plan, dependencies: PublishDependencies, options: PublishOptions, signal: AbortSignal) {
    this.#plan = plan;
    this.#dependencies = dependencies;
    this.#signal = signal;
    this.#keepGoing = options.keepGoing;
    const drains = [this.#drain.signal, ...(options.drain === undefined ? [] : [options.drain])];
    this.options = {
      ...options,
      drain: AbortSignal.any(drains),
      onContent: (image, content) => this.#start(image, content),
    };
  }

  /** The run's results, with those of sending; waits for all that is being sent. */
  async merge(results: readonly ImageResult[]): Promise<readonly ImageResult[]> {
    return await Promise.all(
      results.map(async (result): Promise<ImageResult> => {
        const { image } = result;
        const delivery = await this.#running.get(image.name);
        if (delivery === undefined || 'document' in delivery) return result;
        if (this.#signal.aborted) return { image, status: 'cancelled' };
        const failures = failuresOf(delivery.error);
        if (failures === undefined) throw delivery.error;
        return { image, status: 'failed', failures };
      }),
    );
  }

  /** In the order of the plan. */
  async delivered(): Promise<readonly DeliveredImage[]> {
    const all = await Promise.all(
      this.#plan.images.map(async (image) => [image, await this.#running.get(image.name)] as const),
    );
    return all.flatMap(([image, delivery]) => (delivery && 'document' in delivery ? [{ image, ...delivery }] : []));
  }

  #start(image: PlannedImage, content: Descriptor | undefined): void {
    this.#running.set(image.name, this.#deliver(image, content));
  }

  /** Never rejects. */
  async #deliver(image: PlannedImage, content: Descriptor | undefined): Promise<Delivery> {
    // What an image has of its parents need not be sent again once they are there.
    for (const parent of image.dependsOn) await this.#running.get(parent);
    try {
      const document = await this.#slots.run(() => this.#send(image, content));
      return { document };
    } catch (error) {
      if (!this.#keepGoing) this.#drain.abort();
      if (!this.#signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        this.#dependencies.progress.emit({ type: 'image-failed', image: image.name, message });
      }
      return { error };
    }
  }

  async #send(image: PlannedImage, content: Descriptor | undefined): Promise<Document<ImageIndex>> {
    const { place, progress } = this.#dependencies;
    this.#signal.throwIfAborted();
    if (content !== undefined) for (const parent of image.dependsOn) await this.#mountable(parent);
    const repository = place.repository(image.name);
    const document = await deliverImage(image, content, repository, this.#dependencies, this.#signal);
    const { digest } = document.descriptor;
    progress.emit({ type: 'image-pushed', image: image.name, reference: repository.name, digest });
    return document;
  }

  /** Tells the client which layers a parent has that was published before this run. */
  #mountable(parent: ImageName): Promise<void> {
    let told = this.#mounted.get(parent);
    if (told === undefined) {
      told = this.#tellLayersOf(parent);
      this.#mounted.set(parent, told);
    }
    return told;
  }

  async #tellLayersOf(parent: ImageName): Promise<void> {
    const { place } = this.#dependencies;
    const planned = this.#plan.images.find(({ name }) => name === parent);
    const manifests =
      planned?.platforms.flatMap(({ source }) => (source.from === 'tag' ? [source.manifest] : [])) ?? [];
    const repository = place.repository(parent);
    for (const manifest of manifests) {
      const { value } = await readManifest(repository, manifest, this.#signal);
      for (const { digest } of value.layers) repository.knownAt(digest, place.repositoryName(parent));
    }
  }
}

type Delivery = { readonly document: Document<ImageIndex> } | { readonly error: unknown };
