import { annotations } from '../../oci/annotations.ts';
import type { ContentSource } from '../../oci/content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Platform, samePlatform } from '../../oci/platform.ts';
import { readManifest } from '../../oci/read-document.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest } from '../../project/latest.ts';
import { failuresOf } from '../../result.ts';
import { parseBuildInputs } from '../key/build-inputs.ts';
import type { ComparableKey } from '../key/key-change.ts';
import type { KeyMemory } from './key-memory.ts';
import type { WantedImage } from './registry-state.ts';
import type { TaggedImage, TaggedImages } from './tagged-images.ts';

/** The key that a tag was built by, taken apart to be compared with the present one. */
export interface EarlierKey {
  readonly key: ComparableKey;
  /** It came with the image, in short. */
  readonly hasTravelled: boolean;
}

/** Where earlier keys and their parts may be found: on a tag; in the memory of this machine, else with the image. */
export interface EarlierSources {
  readonly registry: string;
  /** Where the tags are. */
  readonly target: TaggedImages;
  readonly memory: KeyMemory;
  /** Where the manifests of an image are. */
  readonly content: (name: ImageName) => ContentSource;
}

/** What the keys were made of that images have now and will not keep: as this store remembers, or as the image says. */
export async function earlierKeys(
  wanted: readonly WantedImage[],
  { registry, target, memory, content }: EarlierSources,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, EarlierKey>> {
  const earlier = new Map<Digest, EarlierKey>();
  for (const { name, version, platforms } of wanted) {
    const tagged = [version, latest].flatMap((tag) => target.tags.get(`${registry}/${name}:${tag}`) ?? []);
    for (const { platform, key } of platforms) {
      for (const { key: before, manifest } of entriesFor(platform, tagged)) {
        if (before === undefined || before === key || earlier.has(before)) continue;
        const remembered = await memory.recall(before);
        // Of what an image was adopted with, or of a log that was cut, only a part may be known here.
        const isWhole = remembered?.paths !== undefined;
        const travelled = isWhole ? undefined : await inputsIn(manifest, content(name), signal);
        const isBetter = travelled !== undefined && (remembered === undefined || travelled.paths !== undefined);
        const known = isBetter ? travelled : remembered;
        if (known !== undefined) earlier.set(before, { key: known, hasTravelled: isBetter });
      }
    }
  }
  return earlier;
}

/** Only an explanation hangs on it: what cannot be read is as good as nothing. */
async function inputsIn(manifest: Descriptor, source: ContentSource, signal: AbortSignal) {
  try {
    const { value } = await readManifest(source, manifest, signal);
    return parseBuildInputs(value.annotations?.[annotations.buildInputs]);
  } catch (error) {
    if (signal.aborted || failuresOf(error) === undefined) throw error;
    return undefined;
  }
}

function entriesFor(platform: Platform, images: readonly TaggedImage[]) {
  return images.flatMap((image) => image.platforms.filter((entry) => samePlatform(entry.platform, platform)));
}
