import type { Digest } from '../oci/digest.ts';
import { formatPlatform, type Platform, samePlatform } from '../oci/platform.ts';
import { findKey, type PlaceState, type TaggedImage, type TaggedPlatform } from './place-state.ts';
import type { Action, IndexBase, PlannedPlatform, PlanReason, PlatformSource } from './plan.ts';

/** One image, and all that is decided from. */
export interface ImageQuestion {
  /** `registry/name:version`. */
  readonly reference: string;
  /** `registry/name:latest`: what the image was before, where its version is new. */
  readonly latestReference: string;
  /** Not empty. */
  readonly wanted: readonly Platform[];
  readonly keyOf: (platform: Platform) => Digest;
  readonly estimateOf: (platform: Platform) => number | undefined;
  readonly target: PlaceState;
  readonly store: PlaceState;
  readonly rebuild: boolean;
}

export interface Decision {
  readonly action: Action;
  readonly platforms: readonly PlannedPlatform[];
  readonly base?: IndexBase | undefined;
  readonly reasons: readonly PlanReason[];
  /** Content is made, but the tag keeps what it has: that is not known to be of these sources, and would be lost. */
  readonly isUntagged?: boolean | undefined;
  /** Two keys of one platform, where the content is other than it was. */
  readonly changed?: { readonly before: Digest; readonly after: Digest } | undefined;
}

/** What is to be done with an image, judged by what its tag names and by its keys. */
export function decideImage(question: ImageQuestion): Decision {
  const { reference, wanted, target } = question;
  const tag = target.tags.get(reference);
  if (tag === undefined) return make(question, undefined, [{ code: 'missing', reference }]);

  const absent = wanted.filter((platform) => entryOf(tag, platform) === undefined);
  const missing: readonly PlanReason[] =
    absent.length > 0 ? [{ code: 'missing-platforms', platforms: absent.map(formatPlatform) }] : [];
  if (question.rebuild && target.kind === 'store') return make(question, tag, [{ code: 'asked-for' }]);
  if (tag.platforms.every(({ key }) => key === undefined)) {
    return settled('unverified', question, tag, [{ code: 'no-key' }, ...missing]);
  }
  const differing = wanted.filter((platform) => differs(entryOf(tag, platform), question));
  if (differing.length === 0 && absent.length === 0) {
    return settled('up-to-date', question, tag, [{ code: 'same-key', reference }]);
  }
  if (target.kind === 'registry') {
    // A published version has one content: what would be added must be of what the rest of it is.
    const drifted = tag.platforms.some((entry) => differs(entry, question));
    if (drifted) return settled('drift', question, tag, [{ code: 'changed-without-bump' }, ...missing]);
    const unknown = tag.platforms
      .filter(({ key }) => key === undefined)
      .map(({ platform }) => formatPlatform(platform));
    if (unknown.length > 0) {
      const kept = make(question, tag, missing);
      return { ...kept, isUntagged: true, reasons: [{ code: 'no-tags', platforms: unknown }, ...kept.reasons] };
    }
  }
  return make(question, tag, missing);
}

/** Content that is nowhere is built, all else is taken from where it is. */
function make(question: ImageQuestion, tag: TaggedImage | undefined, reasons: readonly PlanReason[]): Decision {
  const platforms = question.wanted.map((platform): PlannedPlatform => {
    const key = question.keyOf(platform);
    const source = question.rebuild ? ({ from: 'build' } as const) : sourceOf(platform, key, tag, question);
    const estimate = source.from === 'build' ? question.estimateOf(platform) : undefined;
    return { ...planned(platform, key, question), source, ...(estimate !== undefined && { estimate }) };
  });
  const isBuilt = platforms.some(({ source }) => source.from === 'build');
  const taken = platforms.find(({ source }) => source.from === 'store' || source.from === 'registry')?.source;
  const same: readonly PlanReason[] =
    !isBuilt && taken !== undefined && 'reference' in taken ? [{ code: 'same-key', reference: taken.reference }] : [];
  const base = tag && baseOf(tag, platforms, question);
  return {
    action: isBuilt ? 'build' : 'retag',
    platforms,
    ...(base && { base }),
    reasons: [...same, ...reasons],
    changed: isBuilt ? changeIn(platforms) : undefined,
  };
}

function settled(action: Action, question: ImageQuestion, tag: TaggedImage, reasons: readonly PlanReason[]): Decision {
  const platforms = question.wanted.map((platform): PlannedPlatform => {
    const entry = entryOf(tag, platform);
    const source: PlatformSource = entry ? { from: 'tag', manifest: entry.manifest } : { from: 'nowhere' };
    return { ...planned(platform, question.keyOf(platform), question), source };
  });
  return { action, platforms, reasons, changed: action === 'drift' ? driftIn(tag, question) : undefined };
}

function planned(platform: Platform, key: Digest, question: ImageQuestion) {
  const before = [question.reference, question.latestReference].map((reference) => question.target.tags.get(reference));
  const previousKey = before.flatMap((image) => entryOf(image, platform)?.key ?? [])[0];
  return { platform, key, ...(previousKey !== undefined && { previousKey }) };
}

function sourceOf(
  platform: Platform,
  key: Digest,
  tag: TaggedImage | undefined,
  { target, store }: ImageQuestion,
): PlatformSource {
  const entry = entryOf(tag, platform);
  if (entry?.key === key) return { from: 'tag', manifest: entry.manifest };
  for (const place of [target, store]) {
    const found = findKey(place, key);
    if (found === undefined) continue;
    const { image, manifest } = found;
    return { from: place.kind, reference: image.reference, index: image.descriptor, manifest };
  }
  return { from: 'build' };
}

/** What the tag has besides is kept, as long as it is of the same content; undefined where nothing is left of it. */
function baseOf(
  tag: TaggedImage,
  platforms: readonly PlannedPlatform[],
  question: ImageQuestion,
): IndexBase | undefined {
  const replaced = (entry: TaggedPlatform) =>
    platforms.some(({ platform, source }) => samePlatform(platform, entry.platform) && source.from !== 'tag');
  const drop = tag.platforms.filter((entry) => replaced(entry) || entry.key !== question.keyOf(entry.platform));
  if (drop.length === tag.platforms.length) return undefined;
  return { index: tag.descriptor, drop: drop.map(({ platform }) => formatPlatform(platform)) };
}

function entryOf(image: TaggedImage | undefined, platform: Platform): TaggedPlatform | undefined {
  return image?.platforms.find((entry) => samePlatform(entry.platform, platform));
}

/** Content without a key is not known to differ. */
function differs(entry: TaggedPlatform | undefined, question: ImageQuestion): boolean {
  return entry?.key !== undefined && entry.key !== question.keyOf(entry.platform);
}

function changeIn(platforms: readonly PlannedPlatform[]) {
  const changed = platforms.find(
    ({ source, key, previousKey }) => source.from === 'build' && previousKey && previousKey !== key,
  );
  return changed?.previousKey && { before: changed.previousKey, after: changed.key };
}

function driftIn(tag: TaggedImage, question: ImageQuestion) {
  const entry = tag.platforms.find((one) => differs(one, question));
  return entry?.key && { before: entry.key, after: question.keyOf(entry.platform) };
}
