import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import { type BaseMove, type Bases, isExternal, movesBetween } from '../state/bases.ts';
import { findContent, type TaggedImage, type TaggedImages, type TaggedPlatform } from '../state/tagged-images.ts';
import { moveReasons } from './base-reasons.ts';
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
  /** What it would be built on now; undefined where that cannot be known. */
  readonly basesOf: (platform: Platform) => Bases | undefined;
  readonly estimateOf: (platform: Platform) => number | undefined;
  readonly target: TaggedImages;
  readonly store: TaggedImages;
  readonly rebuild: boolean;
  /** Whether RUN steps of this run keep the owners of files. */
  readonly ownersAreKept: boolean;
  /** Whether they would be lost in what it would be built to now. */
  readonly losesOwners: (platform: Platform) => boolean;
}

/**
 * What is to be done about one image, where the content of each platform comes from, and what to tell people about it.
 */
export interface Decision {
  readonly action: Action;
  readonly platforms: readonly PlannedPlatform[];
  readonly base?: IndexBase | undefined;
  readonly reasons: readonly PlanReason[];
  /** Content is made, but the tag keeps what it has: that is not known to be of these sources, and would be lost. */
  readonly isUntagged?: boolean | undefined;
  /** What the tag names, where nobody knows of what that is made. */
  readonly unverified?: Digest | undefined;
  /** Two keys of one platform, where the content is other than it was. */
  readonly changed?: { readonly before: Digest; readonly after: Digest } | undefined;
}

/** Whether what is there is of known sources, and the tags of its version are the concern of this run. */
export function isComparable(action: Action): boolean {
  return action === 'up-to-date' || action === 'tag' || action === 'base-moved' || action === 'owners-lost';
}

/** What is to be done with an image, judged by what its tag names, by its keys and by what it is built on (ADR 0019, 0020). */
export function decideImage(question: ImageQuestion): Decision {
  const { reference, wanted, target } = question;
  const tag = target.tags.get(reference);
  if (tag === undefined) return make(question, undefined, [{ code: 'missing', reference }]);
  const leave = (action: Action, reasons: readonly PlanReason[]) => settled(question, tag, { action, reasons });

  const absent = wanted.filter((platform) => entryOf(tag, platform) === undefined);
  const missing: readonly PlanReason[] =
    absent.length > 0 ? [{ code: 'missing-platforms', platforms: absent.map(formatPlatform) }] : [];
  if (question.rebuild && target.kind === 'store') return make(question, tag, [{ code: 'asked-for' }]);
  const schema = tag.platforms.find(({ otherSchema }) => otherSchema !== undefined)?.otherSchema;
  const incomparable: readonly PlanReason[] = schema === undefined ? [] : [{ code: 'other-key-schema', schema }];
  // What is published stays; what is only here is made again, so that it can be compared from then on.
  if (target.kind === 'store' && wanted.some((platform) => entryOf(tag, platform)?.otherSchema !== undefined)) {
    return make(question, tag, [...incomparable, ...missing]);
  }
  if (tag.platforms.every(({ key }) => key === undefined)) {
    const why = incomparable.length > 0 ? incomparable : [{ code: 'no-key' } as const];
    return leave('unverified', [...why, ...missing]);
  }
  const differing = wanted.filter((platform) => differs(entryOf(tag, platform), question));
  if (differing.length === 0 && absent.length === 0) {
    const moves = wanted.flatMap((platform) => movesOf(entryOf(tag, platform), question));
    const lost = wanted.some((platform) => isLost(entryOf(tag, platform), question));
    if (lost && target.kind === 'registry') {
      return leave('owners-lost', [{ code: 'owners-lost' }, ...moveReasons(moves)]);
    }
    if (lost) return make(question, tag, [{ code: 'owners-lost' }]);
    if (moves.length === 0) return leave('up-to-date', [{ code: 'same-key', reference }]);
    if (target.kind === 'registry') return leave('base-moved', moveReasons(moves));
  }
  if (target.kind === 'registry') {
    // A published version has one content: what would be added must be of what the rest of it is.
    const drifted = tag.platforms.some((entry) => differs(entry, question));
    if (drifted) return leave('drift', [{ code: 'changed-without-bump' }, ...missing]);
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
    const { source, ownersLost } = question.rebuild ? toBuild(platform, question) : sourceOf(platform, tag, question);
    const estimate = source.from === 'build' ? question.estimateOf(platform) : undefined;
    const bases = source.from === 'tag' ? entryOf(tag, platform)?.bases : question.basesOf(platform);
    return {
      ...planned(platform, key, question),
      ...(bases && { bases }),
      ...(ownersLost === true && { ownersLost }),
      source,
      ...(estimate !== undefined && { estimate }),
    };
  });
  const isBuilt = platforms.some(({ source }) => source.from === 'build');
  const same = isBuilt ? [] : sameContent(platforms, question);
  const base = tag && baseOf(tag, platforms, question);
  const moves = platforms.flatMap(({ platform, source }) =>
    source.from === 'build' ? movesOf(earlier(platform, question), question) : [],
  );
  return {
    action: isBuilt ? 'build' : 'retag',
    platforms,
    ...(base && { base }),
    reasons: [...same, ...moveReasons(moves), ...reasons],
    changed: isBuilt ? changeIn(platforms) : undefined,
  };
}

/**
 * Where content that is there is taken from, each source once. A name in the store says nothing about the registry it is
 * named for: whoever lost a race to publish it has other content under it.
 */
function sameContent(platforms: readonly PlannedPlatform[], { target }: ImageQuestion): readonly PlanReason[] {
  const sources = new Map<string, PlanReason>();
  for (const { source } of platforms) {
    if (source.from !== 'store' && source.from !== 'registry') continue;
    const isElsewhere = source.from === 'store' && target.kind === 'registry';
    const { reference } = source;
    const reason: PlanReason = { code: 'same-key', reference, ...(isElsewhere && { in: 'store' as const }) };
    sources.set(`${source.from} ${source.reference}`, reason);
  }
  return [...sources.values()];
}

/** What is there stays. */
function settled(
  question: ImageQuestion,
  tag: TaggedImage,
  { action, reasons }: Pick<Decision, 'action' | 'reasons'>,
): Decision {
  const platforms = question.wanted.map((platform): PlannedPlatform => {
    const entry = entryOf(tag, platform);
    const source: PlatformSource = entry ? { from: 'tag', manifest: entry.manifest } : { from: 'nowhere' };
    const { bases, ownersLost } = entry ?? {};
    return {
      ...planned(platform, question.keyOf(platform), question),
      ...(bases && { bases }),
      ...(ownersLost === true && { ownersLost }),
      source,
    };
  });
  return {
    action,
    platforms,
    reasons,
    ...(action === 'unverified' && { unverified: tag.descriptor.digest }),
    changed: action === 'drift' ? driftIn(tag, question) : undefined,
  };
}

function planned(platform: Platform, key: Digest, question: ImageQuestion) {
  const previousKey = earlier(platform, question)?.key;
  return { platform, key, ...(previousKey !== undefined && { previousKey }) };
}

/** What the tag of the version names, else `latest`, where that has a key. */
function earlier(platform: Platform, { reference, latestReference, target }: ImageQuestion) {
  const entries = [reference, latestReference].map((one) => entryOf(target.tags.get(one), platform));
  return entries.find((entry) => entry?.key !== undefined);
}

interface Source {
  readonly source: PlatformSource;
  readonly ownersLost: boolean | undefined;
}

function sourceOf(platform: Platform, tag: TaggedImage | undefined, question: ImageQuestion): Source {
  const key = question.keyOf(platform);
  const entry = entryOf(tag, platform);
  if (entry?.key === key && isRight(entry, question)) {
    return { source: { from: 'tag', manifest: entry.manifest }, ownersLost: entry.ownersLost };
  }
  const bases = question.basesOf(platform);
  for (const images of [question.target, question.store]) {
    const found = bases && findContent(images, { key, bases, acceptsLost: !question.ownersAreKept });
    if (found === undefined) continue;
    const { image, entry } = found;
    const { manifest, ownersLost } = entry;
    return { source: { from: images.kind, reference: image.reference, index: image.descriptor, manifest }, ownersLost };
  }
  return toBuild(platform, question);
}

function toBuild(platform: Platform, { losesOwners }: ImageQuestion): Source {
  return { source: { from: 'build' }, ownersLost: losesOwners(platform) };
}

/** What the tag has besides is kept, as long as it is of the same content; undefined where nothing is left of it. */
function baseOf(
  tag: TaggedImage,
  platforms: readonly PlannedPlatform[],
  question: ImageQuestion,
): IndexBase | undefined {
  const replaced = (entry: TaggedPlatform) =>
    platforms.some(({ platform, source }) => samePlatform(platform, entry.platform) && source.from !== 'tag');
  const drop = tag.platforms.filter((entry) => replaced(entry) || !isRight(entry, question));
  if (drop.length === tag.platforms.length) return undefined;
  return { index: tag.descriptor, drop: drop.map(({ platform }) => formatPlatform(platform)) };
}

function entryOf(image: TaggedImage | undefined, platform: Platform): TaggedPlatform | undefined {
  return image?.platforms.find((entry) => samePlatform(entry.platform, platform));
}

/** Whether it may stay in the tag: what is published does, whatever became of its base. */
function isRight(entry: TaggedPlatform, question: ImageQuestion): boolean {
  if (entry.key !== question.keyOf(entry.platform)) return false;
  if (question.target.kind === 'registry') return true;
  return movesOf(entry, question).length === 0 && !isLost(entry, question);
}

/** Whether its owners were lost where this run would keep them: then it is no image of its key. */
function isLost(entry: TaggedPlatform | undefined, { ownersAreKept }: ImageQuestion): boolean {
  return ownersAreKept && entry?.ownersLost === true;
}

/** What moved since content of equal or another key was built; nothing where either side is not known. */
function movesOf(entry: TaggedPlatform | undefined, question: ImageQuestion): readonly BaseMove[] {
  const now = entry && question.basesOf(entry.platform);
  if (entry?.bases === undefined || now === undefined || entry.bases.digest === now.digest) return [];
  const moves = movesBetween(entry.bases.list, now.list);
  if (entry.key === question.keyOf(entry.platform)) return moves;
  // With other sources, other references and parents are no news.
  return moves.filter(({ name, before, after }) => isExternal(name) && before !== undefined && after !== undefined);
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
