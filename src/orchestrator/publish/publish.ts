import { setMaxListeners } from 'node:events';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { readIndex, readManifest } from '../../oci/read-document.ts';
import { progressOf, watched } from '../../progress.ts';
import type { ImageName } from '../../project/image-name.ts';
import { isLossOfRegistry } from '../../registry/failure.ts';
import { type Failure, FailureError, failuresOf } from '../../result.ts';
import { Semaphore } from '../../semaphore.ts';
import { systemErrorCode } from '../../store/failure.ts';
import { ownersLost } from '../plan/failure.ts';
import type { Plan, PlannedImage } from '../plan/plan.ts';
import { type RunnablePlan, type RunOptions, runPlan } from '../run/run-plan.ts';
import { type ImageResult, isComplete } from '../run/run-report.ts';
import { ownersLostIn } from '../state/index-keys.ts';
import { type Content, type DeliverDependencies, deliverImage } from './deliver-image.ts';
import type { MovedTag } from './moved-tag.ts';
import { setTags, type TaggableImage } from './set-tags.ts';

/** A plan, what running it takes, and the registry whose tags are set at its end. */
export type PublishablePlan = RunnablePlan & DeliverDependencies;

/** As for a run; when content is complete is the business of `publish` itself. */
export interface PublishOptions extends Omit<RunOptions, 'onContent'> {
  /** What is done about an image that turns out to have lost the owners of its files; `refuse` if not given. */
  readonly lostOwners?: 'refuse' | 'allow' | undefined;
}

/** What became of each image, and which names people can pull now. */
export interface PublishReport {
  /** One for each image of the plan, in its order; a push that failed is a failure of its image. */
  readonly results: readonly ImageResult[];
  /** Those of no image in particular: of setting the tags, or of a registry that is lost. */
  readonly failures: readonly Failure[];
  /** Those that were moved, in the order in which they were set. */
  readonly tags: readonly MovedTag[];
  /** `registry/name:version@digest` of what this run made visible, in the order of the plan. */
  readonly published: readonly string[];
  /** The signal kept it from making visible what is built and sent: some tag is not set that the plan sets. */
  readonly isStopped: boolean;
  /** What each image is in the registry, as far as it is there: under its tag or, where that was not set, without. */
  readonly digests: ReadonlyMap<ImageName, Digest>;
}

/** Images sent at once; each sends several blobs at once. */
const pushes = 3;

/**
 * Publishes a plan in two phases, so that a run that ends half-way does not show. First all content is built and sent
 * by digest, images as they finish; only if that succeeded for every image, tags are set: versions that are still as
 * they were when the plan was made, then `latest`, forward only. Tags that an earlier run left undone are set with them.
 */
export async function publish(
  publishable: PublishablePlan,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<PublishReport> {
  const { plan, keys, registry, progress } = publishable;
  const deliveries = new Deliveries(publishable, options, signal);
  const run = await runPlan(publishable, deliveries.options, signal);
  const results = await deliveries.merge(run.results);
  const documents = await deliveries.documents();
  const sent = new Map([...documents].map(([name, { descriptor }]) => [name, descriptor.digest]));
  const digests = new Map(plan.images.flatMap(({ name, current }) => (current ? [[name, current.digest]] : [])));
  for (const [name, digest] of sent) digests.set(name, digest);
  if (signal.aborted || !isComplete({ results })) {
    const isStopped = signal.aborted && plan.images.some(({ tags }) => tags.length > 0);
    return { results, failures: deliveries.lost, tags: [], published: [], isStopped, digests };
  }

  const taggable = plan.images.flatMap((image): readonly TaggableImage[] => {
    return image.tags.length === 0 ? [] : [{ image, document: documents.get(image.name) }];
  });
  const keyOf = keys.keyOf.bind(keys);
  const set = await setTags(taggable, { registry, keyOf, progress }, signal);
  for (const [name, digest] of set.digests) digests.set(name, digest);
  const visible = taggable.filter(({ image, document }) => document !== undefined && set.digests.has(image.name));
  const published = visible.map(({ image }) => `${image.reference}@${set.digests.get(image.name)}`);
  const isStopped = signal.aborted && taggable.some(({ image }) => !set.digests.has(image.name));
  return { results, failures: set.failures, tags: set.tags, published, isStopped, digests };
}

class Deliveries {
  /** For the run that brings the content. */
  readonly options: RunOptions;
  readonly #plan: Plan;
  readonly #dependencies: Omit<PublishablePlan, 'plan'>;
  readonly #signal: AbortSignal;
  readonly #keepGoing: boolean;
  readonly #refusesLost: boolean;
  readonly #slots = new Semaphore(pushes);
  readonly #drain = new AbortController();
  /** Aborts when the registry is lost, so that nothing more is tried. */
  readonly #line = new AbortController();
  #lost: readonly Failure[] = [];
  readonly #running = new Map<ImageName, Promise<Delivery>>();
  readonly #mounted = new Map<ImageName, Promise<void>>();

  constructor({ plan, ...dependencies }: PublishablePlan, options: PublishOptions, signal: AbortSignal) {
    this.#plan = plan;
    this.#dependencies = dependencies;
    this.#signal = signal;
    setMaxListeners(0, this.#line.signal);
    this.#keepGoing = options.keepGoing;
    this.#refusesLost = options.lostOwners !== 'allow';
    const drains = [this.#drain.signal, ...(options.drain === undefined ? [] : [options.drain])];
    this.options = {
      ...options,
      drain: AbortSignal.any(drains),
      onContent: (image, content) => this.#start(image, content),
    };
  }

  /** Why the registry was lost, if it was; once, however many images were being sent. */
  get lost(): readonly Failure[] {
    return this.#lost;
  }

  /** The run's results, with those of sending; waits for all that is being sent. */
  async merge(results: readonly ImageResult[]): Promise<readonly ImageResult[]> {
    return await Promise.all(
      results.map(async (result): Promise<ImageResult> => {
        const { image } = result;
        const delivery = await this.#running.get(image.name);
        if (delivery === undefined || 'document' in delivery) return result;
        if (this.#signal.aborted) return { image, status: 'cancelled' };
        if (this.#lost.length > 0) return { image, status: 'unsent' };
        const failures = failuresOf(delivery.error);
        if (failures === undefined) throw delivery.error;
        return { image, status: 'failed', failures };
      }),
    );
  }

  /** What was sent of each image. */
  async documents(): Promise<ReadonlyMap<ImageName, Document<ImageIndex>>> {
    const documents = new Map<ImageName, Document<ImageIndex>>();
    for (const [name, running] of this.#running) {
      const delivery = await running;
      if ('document' in delivery) documents.set(name, delivery.document);
    }
    return documents;
  }

  #start(image: PlannedImage, content: Descriptor | undefined): void {
    this.#running.set(image.name, this.#deliver(image, content));
  }

  /** Never rejects. */
  async #deliver(image: PlannedImage, content: Descriptor | undefined): Promise<Delivery> {
    // What an image has of its parents need not be sent again once they are there.
    for (const parent of image.dependsOn) await this.#running.get(parent);
    try {
      const signal = AbortSignal.any([this.#signal, this.#line.signal]);
      const { progress } = this.#dependencies;
      const work = { progress: progressOf(progress, { image: image.name }), kind: 'send', name: image.name } as const;
      const document = await this.#slots.run(() => watched(work, () => this.#send(image, content, signal)));
      return { document };
    } catch (error) {
      const isLost = this.#lost.length > 0;
      if (!isLost) this.#noteLoss(error);
      if (!this.#keepGoing || this.#lost.length > 0) this.#drain.abort();
      if (!this.#signal.aborted && !isLost) {
        const message = error instanceof Error ? error.message : String(error);
        const told = { image: image.name, message, failures: failuresOf(error), code: systemErrorCode(error) };
        this.#dependencies.progress.emit({ type: 'image-failed', ...told });
      }
      return { error };
    }
  }

  /** A registry that cannot be reached is no failure of the image that was being sent: it is told once. */
  #noteLoss(error: unknown): void {
    const failures = failuresOf(error) ?? [];
    if (!failures.some(isLossOfRegistry) || this.#signal.aborted) return;
    this.#lost = failures;
    this.#line.abort();
  }

  async #send(
    image: PlannedImage,
    content: Descriptor | undefined,
    signal: AbortSignal,
  ): Promise<Document<ImageIndex>> {
    const { registry, progress } = this.#dependencies;
    signal.throwIfAborted();
    if (content !== undefined && this.#refusesLost) await this.#refuseLost(image, content, signal);
    if (content !== undefined) for (const parent of image.dependsOn) await this.#mountable(parent);
    const whole = content && { image: content, parent: await this.#parentOf(image) };
    const document = await deliverImage({ image, content: whole }, this.#dependencies, signal);
    const { digest } = document.descriptor;
    const reference = registry.repository(image.name).name;
    progress.emit({ type: 'image-pushed', image: image.name, reference, digest });
    return document;
  }

  /** Fails with `owners-lost`: the plan does not see triggers of images from elsewhere, nor that ids are refused only now. */
  async #refuseLost({ name }: PlannedImage, content: Descriptor, signal: AbortSignal): Promise<void> {
    const { value } = await readIndex(this.#dependencies.store.blobs, content, signal);
    const isLost = value.manifests.some((entry) => ownersLostIn(entry.annotations));
    if (isLost) throw new FailureError(ownersLost([name], {}));
  }

  /** The image of the project that the last stage stands on, as it is in the registry; sent before its children are. */
  async #parentOf({ name, platforms }: PlannedImage): Promise<Content['parent']> {
    const { baseImages, targetState } = this.#dependencies;
    const parents = new Set(platforms.map(({ platform }) => baseImages.used(name, platform).base?.parent));
    const [parent] = parents;
    const planned = this.#plan.images.find((image) => image.name === parent);
    if (planned === undefined || parents.size > 1) return undefined;
    const { reference } = planned;
    const delivery = await this.#running.get(planned.name);
    const sent =
      delivery && 'document' in delivery ? delivery.document.descriptor : targetState.tags.get(reference)?.descriptor;
    return sent && { reference, digest: sent.digest };
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
    const { registry } = this.#dependencies;
    const planned = this.#plan.images.find(({ name }) => name === parent);
    const manifests =
      planned?.platforms.flatMap(({ source }) => (source.from === 'tag' ? [source.manifest] : [])) ?? [];
    const repository = registry.repository(parent);
    for (const manifest of manifests) {
      const { value } = await readManifest(repository, manifest, this.#signal);
      for (const { digest } of value.layers) repository.knownAt(digest, registry.repositoryName(parent));
    }
  }
}

type Delivery = { readonly document: Document<ImageIndex> } | { readonly error: unknown };
