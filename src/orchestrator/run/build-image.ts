import type { Builder, BuildRequest } from '../../builder.ts';
import type { CountedInputs } from '../../context/counted-inputs.ts';
import { imageEpoch } from '../../context/global-values.ts';
import { timeText } from '../../context/source-date-epoch.ts';
import { annotations } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { annotationsByDocument, type PlacedAnnotation } from '../../oci/placed-annotation.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import type { Progress } from '../../progress.ts';
import { contextArguments } from '../../project/context-arguments.ts';
import type { Context } from '../../project/project.ts';
import type { Store } from '../../store/store.ts';
import type { BuildTargets } from '../key/build-targets.ts';
import type { DecidedContexts } from '../key/decided-contexts.ts';
import type { IndexBase, PlannedImage } from '../plan/plan.ts';
import { identityAnnotations, indexAnnotations } from '../state/index-keys.ts';
import type { TaggedImages } from '../state/tagged-images.ts';
import { assembleIndex, type IndexPart } from './assemble-index.ts';
import { type BuiltOn, baseAnnotations } from './base-annotations.ts';
import { keptPart, plannedKeys, wholePart } from './index-parts.ts';

/** The images that an image is built on, as they were decided. */
export interface ImagesToUse {
  /** In the store: reference as the Dockerfile writes it → image. */
  readonly resolved: Readonly<Record<string, Descriptor>>;
  /** In registries: the same. */
  readonly pinned: Readonly<Record<string, Descriptor>>;
  readonly remotes: BuildRequest['remotes'];
  /** What the last stage stands on; undefined for `scratch`. */
  readonly builtOn: (platform: Platform) => BuiltOn | undefined;
  /** Whether an image of the project that it is built on has lost the owners of its files. */
  readonly ownersLost: (platform: Platform) => boolean;
  readonly counted: (platform: Platform) => CountedInputs;
  /** What its key is made of, as it travels with the image. */
  readonly inputsOf: (platform: Platform) => string | undefined;
}

/** An image of a plan, and what it is built from. */
export interface BuildableImage {
  readonly image: PlannedImage;
  readonly context: Context;
  readonly uses: ImagesToUse;
}

/** What building one image takes besides its plan. */
export interface BuildImageDependencies {
  readonly builder: Builder;
  readonly store: Store;
  readonly progress: Progress;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets?: BuildTargets | undefined;
  readonly layers?: BuildRequest['layers'];
  readonly labels?: BuildRequest['labels'];
  readonly annotations?: readonly PlacedAnnotation[] | undefined;
  readonly settings?: BuildRequest['settings'];
  /** By id: absolute path of the file. */
  readonly secrets: BuildRequest['secrets'];
  /** What steps may sign with, by id. */
  readonly ssh: BuildRequest['ssh'];
  readonly noCache: boolean;
  /** Stages whose steps use no results of earlier runs. */
  readonly noCacheStages?: readonly string[] | undefined;
  readonly contexts: DecidedContexts;
  /** That builds. */
  readonly machine: Platform;
  /** RFC 3339: when this run was started; SOURCE_DATE_EPOCH where that is given. A Dockerfile may say another time. */
  readonly created: string;
  /** Where the tags are to be; the store itself for a build. As it was when the plan was made. */
  readonly targetState: TaggedImages;
}

/**
 * Brings all of a planned image that can be there into the store: what is to be built, what is there under another
 * name and, where the tag is the store's, what the tag has already. Returns one index of it; undefined where nothing
 * of the image is to come from here.
 */
export async function buildImage(
  buildable: BuildableImage,
  dependencies: BuildImageDependencies,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  const { image, uses } = buildable;
  const { store, targetState } = dependencies;
  const parts: IndexPart[] = [];
  if (image.base !== undefined && targetState.kind === 'store') parts.push(await basePart(image.base, store, signal));
  if (image.platforms.some(({ source }) => source.from === 'build')) {
    const { builder, progress } = dependencies;
    const built = await builder.build(requestFor(buildable, dependencies), progress, signal);
    parts.push(wholePart(await readIndex(store.blobs, built.image, signal)));
  }
  parts.push(...(await takenParts(image, store, signal)));
  if (parts.length === 0) return undefined;
  return await store.blobs.putDocument(assembleIndex(parts, plannedKeys(image, parts, uses.ownersLost)));
}

async function basePart({ index, drop }: IndexBase, store: Store, signal: AbortSignal): Promise<IndexPart> {
  return keptPart(await readIndex(store.blobs, index, signal), drop);
}

/** What the store has under other names, one part for each of its indexes. */
async function takenParts(image: PlannedImage, store: Store, signal: AbortSignal): Promise<readonly IndexPart[]> {
  const byIndex = new Map<Digest, { index: Descriptor; take: Set<Digest> }>();
  for (const { source } of image.platforms) {
    if (source.from !== 'store') continue;
    const { index, manifest } = source;
    const entry = byIndex.get(index.digest) ?? { index, take: new Set() };
    byIndex.set(index.digest, { index, take: entry.take.add(manifest.digest) });
  }
  return await Promise.all(
    [...byIndex.values()].map(async ({ index, take }) => ({
      document: await readIndex(store.blobs, index, signal),
      take,
    })),
  );
}

function requestFor(
  { image, context, uses }: BuildableImage,
  {
    buildArgs: given,
    targets,
    layers,
    labels,
    annotations: asked = [],
    settings,
    secrets,
    ssh,
    noCache,
    noCacheStages,
    contexts,
    machine,
    created,
  }: BuildImageDependencies,
): BuildRequest {
  const { resolved, pinned, remotes, builtOn, ownersLost, counted, inputsOf } = uses;
  const built = image.platforms.filter(({ source }) => source.from === 'build');
  const platforms = built.map(({ platform }) => platform);
  const buildArgs = contextArguments(context, given);
  const wanted = annotationsByDocument(asked, platforms.map(formatPlatform));
  const targetStage = targets?.get(image.name);
  const { dockerfile } = context;
  const epoch = imageEpoch({ dockerfile, platform: platforms[0]!, buildPlatform: machine, buildArgs, targetStage });
  const base = baseAnnotations(built.map(({ platform }) => [platform, builtOn(platform)]));
  return {
    image: image.name,
    contextDir: context.directory,
    dockerfile: { file: `${context.directory}/Dockerfile`, text: context.dockerfileText },
    context: contexts.recorded(image.name, platforms),
    buildArgs,
    counted: Object.fromEntries(platforms.map((platform) => [formatPlatform(platform), counted(platform)])),
    target: targetStage,
    layers,
    labels,
    settings,
    platforms,
    secrets,
    ssh,
    resolved,
    pinned,
    remotes,
    annotations: {
      manifests: Object.fromEntries(
        built.map((planned) => {
          const name = formatPlatform(planned.platform);
          const inputs = inputsOf(planned.platform);
          return [
            name,
            {
              ...wanted.manifests[name],
              ...base.manifests[name],
              ...identityAnnotations({ ...planned, ownersLost: ownersLost(planned.platform) }),
              ...(inputs !== undefined && { [annotations.buildInputs]: inputs }),
            },
          ];
        }),
      ),
      entries: wanted.entries,
      index: {
        ...base.index,
        ...indexAnnotations(built.map(({ platform, key }) => [platform, key])),
        [annotations.created]: epoch === undefined ? created : timeText(epoch),
        ...wanted.index,
      },
    },
    noCache,
    noCacheStages,
  };
}
