import { z } from 'zod';
import { mapBounded } from '../../map-bounded.ts';
import { Descriptor } from '../../oci/descriptor.ts';
import { Digest } from '../../oci/digest.ts';
import { type Platform, samePlatform } from '../../oci/platform.ts';
import { PlatformSchema } from '../../oci/platform-schema.ts';
import type { ImageName } from '../../project/image-name.ts';
import { isPrerelease, latest, ownerOfLatest } from '../../project/latest.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';
import type { Store } from '../../store/store.ts';
import { keySchema } from '../key/build-key.ts';
import { platformsOf } from './index-keys.ts';
import type { ProjectRegistry } from './project-registry.ts';
import type { TaggedImage, TaggedImages, TaggedPlatform } from './tagged-images.ts';

/** An image to look for, and what it should be. */
export interface WantedImage {
  readonly name: ImageName;
  readonly version: string;
  /** Empty where nothing is wanted of it. */
  readonly platforms: readonly { readonly platform: Platform; readonly key: Digest }[];
}

const Keys = z.array(
  z.object({
    platform: PlatformSchema,
    manifest: Descriptor,
    key: Digest.optional(),
    otherSchema: z.number().optional(),
    bases: z.object({ digest: Digest, list: z.record(z.string(), Digest) }).optional(),
    ownersLost: z.boolean().optional(),
  }),
);

/** The registry, and the store in which is noted what its indexes say. */
export interface RegistryStateDependencies {
  readonly registry: ProjectRegistry;
  readonly store: Store;
}

/** Requests at once. */
const parallel = 8;

/**
 * What a registry has of the images: one HEAD for each version and its `latest`, a list of the tags that decides whose
 * `latest` is, and a HEAD for a newer release. An index is read once in the life of the store, since its digest stands
 * for its keys. An image that is not there has no entry; a registry that cannot be asked is a failure.
 */
export async function registryState(
  images: readonly WantedImage[],
  { registry, store }: RegistryStateDependencies,
  signal: AbortSignal,
): Promise<TaggedImages> {
  const known = store.records(`published-platforms-${keySchema}`, Keys);
  const readPlatforms = async (index: Digest, repository: RemoteRepository) => {
    const document = await repository.manifest(index, signal);
    if (document === undefined) return undefined;
    const platforms = await platformsOf(document, repository, signal);
    await known.append(index, Keys.parse(platforms));
    return platforms;
  };
  const found = await mapBounded(images, parallel, async (image) => {
    const repository = registry.repository(image.name);
    const look = async (tag: string): Promise<TaggedImage | undefined> => {
      const descriptor = await repository.resolve(tag, signal);
      const platforms =
        descriptor && ((await known.get(descriptor.digest)) ?? (await readPlatforms(descriptor.digest, repository)));
      return platforms && { reference: registry.reference(image.name, tag), descriptor, platforms };
    };
    const [version, listed] = await Promise.all([look(image.version), registry.tags(image.name, signal)]);
    const needsLatest = !isPrerelease(image.version) || !isAsWanted(version, image);
    const owner = ownerOfLatest(image.version, listed);
    const images = [
      version,
      needsLatest && listed.includes(latest) ? await look(latest) : undefined,
      owner !== undefined && owner !== image.version ? await look(owner) : undefined,
    ];
    return { repository: `${registry.text}/${image.name}`, listed, images };
  });
  const tagged = found.flatMap(({ images }) => images).filter((image) => image !== undefined);
  return {
    kind: 'registry',
    tags: new Map(tagged.map((image) => [image.reference, image])),
    listed: new Map(found.map(({ repository, listed }) => [repository, listed])),
  };
}

function isAsWanted(image: TaggedImage | undefined, wanted: WantedImage): boolean {
  return wanted.platforms.every(({ platform, key }) => {
    const has = (entry: TaggedPlatform) => entry.key === key && samePlatform(entry.platform, platform);
    return image?.platforms.some(has) === true;
  });
}
