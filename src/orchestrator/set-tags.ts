import { mapBounded } from '../map-bounded.ts';
import type { Digest } from '../oci/digest.ts';
import type { Document } from '../oci/document.ts';
import type { ImageIndex } from '../oci/image-index.ts';
import type { Progress } from '../progress.ts';
import { type Failure, FailureError, failuresOf } from '../result.ts';
import { lostRace } from './failure.ts';
import { isPrerelease, latest, movesLatest } from './latest.ts';
import type { MovedTag } from './moved-tag.ts';
import type { PlannedImage } from './plan.ts';
import type { RegistryPlace } from './registry-place.ts';

/** An image whose content is in its repository, without a tag so far. */
export interface DeliveredImage {
  readonly image: PlannedImage;
  readonly document: Document<ImageIndex>;
}

export interface SetTags {
  /** In the order in which they were set. */
  readonly tags: readonly MovedTag[];
  /** What kept further ones from being set. */
  readonly failures: readonly Failure[];
}

/**
 * Makes images visible, parents first: all versions, then all `latest`. Nothing is set if one of the versions is no
 * longer as the plan found it. The first failure, or the signal, ends it; tags that are set by then stay, and are told.
 */
export async function setTags(
  images: readonly DeliveredImage[],
  place: RegistryPlace,
  progress: Progress,
  signal: AbortSignal,
): Promise<SetTags> {
  const tags: MovedTag[] = [];
  try {
    const races = await mapBounded(images, 8, (one) => raceFor(one, place, signal));
    const failures = races.flatMap((race) => race ?? []);
    if (failures.length > 0) return { tags, failures };
    for (const one of images) tags.push(await setVersion(one, place, signal));
    for (const one of images) tags.push(...(await follow(one, place, progress, signal)));
    return { tags, failures: [] };
  } catch (error) {
    if (signal.aborted) return { tags, failures: [] };
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    return { tags, failures };
  }
}

async function raceFor(one: DeliveredImage, place: RegistryPlace, signal: AbortSignal) {
  const { name, version } = one.image;
  return raceWith(one, (await place.repository(name).resolve(version, signal))?.digest);
}

/** Content of our own is no race: a run before this one was ended between two tags. */
function raceWith({ image, document }: DeliveredImage, now: Digest | undefined) {
  const before = image.tags.find(({ reference }) => reference === image.reference)?.before ?? undefined;
  const { digest } = document.descriptor;
  return now === before || now === digest ? undefined : lostRace(image.reference, digest, now);
}

async function setVersion(one: DeliveredImage, place: RegistryPlace, signal: AbortSignal): Promise<MovedTag> {
  return await set(one, one.image.version, place, signal, (now) => {
    const race = raceWith(one, now);
    if (race !== undefined) throw new FailureError(race);
  });
}

/** `check` is told what the tag names in the moment before. */
async function set(
  { image, document: { descriptor, bytes } }: DeliveredImage,
  tag: string,
  place: RegistryPlace,
  signal: AbortSignal,
  check: (now: Digest | undefined) => void = () => {},
): Promise<MovedTag> {
  const repository = place.repository(image.name);
  const before = (await repository.resolve(tag, signal))?.digest;
  check(before);
  if (before !== descriptor.digest) await repository.putManifest(tag, descriptor, bytes, signal);
  return { reference: place.reference(image.name, tag), before: before ?? null, after: descriptor.digest };
}

/** `latest`, judged by all versions that the registry has now. */
async function follow(one: DeliveredImage, place: RegistryPlace, progress: Progress, signal: AbortSignal) {
  const { name, version } = one.image;
  if (isPrerelease(version)) return [];
  if (movesLatest(version, await place.tags(name, signal))) {
    const moved = await set(one, latest, place, signal);
    return moved.before === moved.after ? [] : [moved];
  }
  const message = `${place.reference(name, latest)} stays where it is: the registry has a newer version than ${version}`;
  progress.emit({ type: 'notice', image: name, message });
  return [];
}
