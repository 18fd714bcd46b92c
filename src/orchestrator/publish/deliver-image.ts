import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { readIndex } from '../../oci/read-document.ts';
import { toldCopies } from '../../oci/told-copies.ts';
import type { Progress } from '../../progress.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import type { PlannedImage } from '../plan/plan.ts';
import { assembleIndex, type IndexPart } from '../run/assemble-index.ts';
import { standingOn } from '../run/base-annotations.ts';
import { keptPart, plannedKeys, wholePart } from '../run/index-parts.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import { imageGone } from './failure.ts';

/** What sending images takes. */
export interface DeliverDependencies {
  readonly store: Store;
  /** They are sent to. */
  readonly registry: ProjectRegistry;
  readonly progress: Progress;
  /**
   * The image as it is to be sent: the same index with layers compressed, in the store. Equal images give equal bytes,
   * and entries keep their platforms and annotations.
   */
  readonly prepareForPush: (image: Descriptor, signal: AbortSignal) => Promise<Descriptor>;
}

/** What is to be sent of an image. */
export interface Content {
  /** In the store. */
  readonly image: Descriptor;
  /** The image of the project that it stands on, as it is in the registry: the store has it under other names. */
  readonly parent?: { readonly reference: string; readonly digest: Digest } | undefined;
}

/** A planned image, and what is to be sent of it. */
export interface DeliverableImage {
  readonly image: PlannedImage;
  /** Absent where all of it is in its repository. */
  readonly content?: Content | undefined;
}

/**
 * Brings a planned image into its repository, under its digest only: nobody who asks for tags sees it yet. What is not in
 * its content is in the repository already, and stays as it is there.
 */
export async function deliverImage(
  { image, content }: DeliverableImage,
  { store, registry, progress, prepareForPush }: DeliverDependencies,
  signal: AbortSignal,
): Promise<Document<ImageIndex>> {
  const repository = registry.repository(image.name);
  const parts = await partsInRegistry(image, repository, signal);
  const sent = content && (await readIndex(store.blobs, await prepareForPush(content.image, signal), signal));
  if (sent !== undefined) parts.push(wholePart(sent));

  const assembled = assembleIndex(parts, plannedKeys(image, parts));
  const document = content?.parent ? standingOn(assembled, content.parent.reference, content.parent.digest) : assembled;
  const isSent = document.descriptor.digest === sent?.descriptor.digest;
  const roots = isSent ? [document.descriptor] : (sent?.value.manifests ?? []);
  const copies = { onProgress: toldCopies(progress, image.name) };
  for (const root of roots) await copyGraph(root, { ...copies, from: store.blobs, to: repository }, signal);
  if (!isSent && !parts.some((part) => part.document === document)) {
    await repository.putManifest(document.descriptor.digest, document, signal);
  }
  return document;
}

/** What the repository has: the tag's index where platforms are added to it, and content under other tags. */
async function partsInRegistry(
  image: PlannedImage,
  repository: RemoteRepository,
  signal: AbortSignal,
): Promise<IndexPart[]> {
  const parts: IndexPart[] = [];
  if (image.base !== undefined) {
    parts.push(keptPart(await indexIn(repository, image.base.index, signal), image.base.drop));
  }
  const takes = new Map<Digest, { readonly index: Descriptor; readonly take: Set<Digest> }>();
  for (const { source } of image.platforms) {
    if (source.from !== 'registry') continue;
    const part = takes.get(source.index.digest) ?? { index: source.index, take: new Set<Digest>() };
    part.take.add(source.manifest.digest);
    takes.set(source.index.digest, part);
  }
  for (const { index, take } of takes.values()) {
    parts.push({ document: await indexIn(repository, index, signal), take });
  }
  return parts;
}

async function indexIn(
  repository: RemoteRepository,
  { digest }: Descriptor,
  signal: AbortSignal,
): Promise<Document<ImageIndex>> {
  const document = await repository.manifest(digest, signal);
  if (document?.kind !== 'index') throw new FailureError(imageGone(`${repository.name}@${digest}`));
  return document;
}
