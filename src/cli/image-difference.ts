import type { TreeDifference } from '../layer/compare-trees.ts';
import { annotations as annotationNames } from '../oci/annotations.ts';
import type { ContentSource } from '../oci/content.ts';
import type { AnnotationLevel } from '../oci/placed-annotation.ts';
import { fileDifferences, sharedLayers } from './compared-layers.ts';
import { configDifferences, namedDifferences, type ValueDifference } from './config-differences.ts';
import type { ImageContent, LayerContent, PlatformContent } from './image-content.ts';
import type { World } from './world.ts';

/** An image of which the documents are read and the layers are not. */
export interface ReadImage {
  readonly content: ImageContent;
  readonly source: ContentSource;
}

/** What differs between two images for one platform. */
export interface PlatformDifference {
  readonly platform: string;
  /** Whether what containers get is the same: layers may be others and come to the same files. */
  readonly equal: boolean;
  /** The image that alone has it: nothing else is told then. */
  readonly only?: 'before' | 'after';
  readonly annotations: readonly ValueDifference[];
  readonly config: readonly ValueDifference[];
  readonly layers: {
    /** How many both have, counted from the base. */
    readonly shared: number;
    /** Those above. */
    readonly before: readonly LayerContent[];
    readonly after: readonly LayerContent[];
  };
  readonly files: readonly TreeDifference[];
}

/** What differs between two images. */
export interface ImageDifference {
  readonly equal: boolean;
  /** Of the indexes. */
  readonly annotations: readonly ValueDifference[];
  /** All that either has, in the order of the first, then of the second. */
  readonly platforms: readonly PlatformDifference[];
}

/** Throws FailureError where a layer that has to be read is missing or broken. */
export async function imageDifference(
  before: ReadImage,
  after: ReadImage,
  how: { readonly times: boolean; readonly world: World },
): Promise<ImageDifference> {
  const platforms: PlatformDifference[] = [];
  for (const [one, other] of pairs(before.content.platforms, after.content.platforms)) {
    if (one !== undefined && other !== undefined) {
      const files = await fileDifferences(stack(one, before), stack(other, after), how);
      platforms.push(platformDifference(one, other, { files, times: how.times }));
    } else platforms.push(ofOneImage(one, other));
  }
  const annotations = annotationDifferences(
    'index',
    [before.content.annotations, after.content.annotations],
    how.times,
  );
  return { equal: annotations.length === 0 && platforms.every(({ equal }) => equal), annotations, platforms };
}

type Pair<T> = readonly [before: T | undefined, after: T | undefined];

/** An index may have several images of one platform, for versions of a system: the first ones are a pair, and the second ones. */
function pairs(
  before: readonly PlatformContent[],
  after: readonly PlatformContent[],
): readonly Pair<PlatformContent>[] {
  const left = [...after];
  const taken = before.map((one): Pair<PlatformContent> => {
    const at = left.findIndex(({ platform }) => platform === one.platform);
    return [one, at === -1 ? undefined : left.splice(at, 1)[0]];
  });
  return [...taken, ...left.map((other): Pair<PlatformContent> => [undefined, other])];
}

function stack({ layers }: PlatformContent, { source }: ReadImage) {
  return { layers, source };
}

function platformDifference(
  before: PlatformContent,
  after: PlatformContent,
  { files, times }: { readonly files: readonly TreeDifference[]; readonly times: boolean },
): PlatformDifference {
  const shared = sharedLayers(before.layers, after.layers);
  const annotations = [
    ...annotationDifferences('manifest', [before.annotations, after.annotations], times),
    ...annotationDifferences('manifest-descriptor', [before.descriptorAnnotations, after.descriptorAnnotations], times),
  ];
  const config = configDifferences(before, after, times);
  return {
    platform: before.platform,
    equal: annotations.length + config.length + files.length === 0,
    annotations,
    config,
    layers: { shared, before: before.layers.slice(shared), after: after.layers.slice(shared) },
    files,
  };
}

function ofOneImage(before: PlatformContent | undefined, after: PlatformContent | undefined): PlatformDifference {
  const { platform } = (before ?? after)!;
  const only = before === undefined ? 'after' : 'before';
  const layers = { shared: 0, before: before?.layers ?? [], after: after?.layers ?? [] };
  return { platform, equal: false, only, annotations: [], config: [], layers, files: [] };
}

/** What cip notes for itself says how an image was made and not what it is: it is left out. When that was is a time like others. */
function isTold(name: string, times: boolean): boolean {
  return !name.startsWith('io.github.container-image-pipelines.') && (times || name !== annotationNames.created);
}

type Annotations = ImageContent['annotations'];

function annotationDifferences(
  level: AnnotationLevel,
  [before, after]: readonly [Annotations, Annotations],
  times: boolean,
): readonly ValueDifference[] {
  const told = (annotations: Annotations) =>
    new Map(Object.entries(annotations).filter(([name]) => isTold(name, times)));
  return namedDifferences(level, told(before), told(after));
}
