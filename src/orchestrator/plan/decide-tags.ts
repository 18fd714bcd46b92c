import { isOrdered, latest, ownerOfLatest } from '../../project/latest.ts';
import { type TaggedImages, tagsIn } from '../state/tagged-images.ts';
import { type Decision, isComparable } from './decide-image.ts';
import type { Action, PlannedTag, PlanReason } from './plan.ts';

/** An image, and the place where its tags are to be. */
export interface TagQuestion {
  /** `registry/name`. */
  readonly repository: string;
  readonly version: string;
  readonly target: TaggedImages;
}

/** A decision with the tags that it sets, and why. */
export interface TagDecision {
  readonly action: Action;
  readonly tags: readonly PlannedTag[];
  readonly reasons: readonly PlanReason[];
}

/** Adds the tags to a decision: content that is in place is up to date only if all of its tags are. */
export function withTags(
  decision: Pick<Decision, 'action' | 'reasons' | 'isUntagged' | 'platforms' | 'base'>,
  question: TagQuestion,
): TagDecision {
  const { action, reasons, isUntagged = false } = decision;
  if (action === 'build' || action === 'retag') {
    const tags = isUntagged ? [] : tagsOfVersion(question);
    return { action, tags: tags.filter((tag) => !isInPlace(tag, decision, question)), reasons };
  }
  const isOurs = isComparable(action) || reasons[0]?.code === 'other-key-schema';
  const misplaced = isOurs ? misplacedTags(question) : [];
  if (misplaced.length === 0) return { action, tags: [], reasons };
  return {
    action: action === 'up-to-date' ? 'tag' : action,
    tags: misplaced.map(([tag]) => tag),
    reasons: [...misplaced.map(([, reason]) => reason), ...reasons.filter(({ code }) => code !== 'same-key')],
  };
}

/** The tags of a version that gets new content: its own, and `latest` as far as can be said before it is set. */
function tagsOfVersion({ repository, version, target }: TagQuestion): readonly PlannedTag[] {
  const owner = ownerOfLatest(version, tagsIn(target, repository));
  const tags = owner === version ? [version, latest] : [version];
  return tags.map((tag) => plannedTag(`${repository}:${tag}`, target));
}

/** Whether a tag names what the version will name, as `latest` does where nothing but the number was raised: all of one index. */
function isInPlace(
  { reference }: PlannedTag,
  { action, platforms, base }: Pick<Decision, 'action' | 'platforms' | 'base'>,
  { target }: TagQuestion,
): boolean {
  const now = target.tags.get(reference);
  if (action !== 'retag' || now === undefined || base !== undefined) return false;
  const isOfNow = platforms.every(({ source }) => 'index' in source && source.index.digest === now.descriptor.digest);
  return isOfNow && platforms.length === now.platforms.length;
}

/**
 * The tags of a version whose own tag is right that are not where they belong: `latest`, if it is to name this version,
 * or a newer one of ours whose publisher was stopped before it got so far. Why, for each.
 */
function misplacedTags({ repository, version, target }: TagQuestion): readonly (readonly [PlannedTag, PlanReason])[] {
  const owner = ownerOfLatest(version, tagsIn(target, repository));
  if (owner === undefined) return [];
  const [wanted, now] = [owner, latest].map((tag) => target.tags.get(`${repository}:${tag}`));
  if (wanted === undefined || wanted.descriptor.digest === now?.descriptor.digest) return [];
  // Tags that somebody else counts by numbers are no reason to move ours.
  const isOurs = owner === version || (target.kind === 'registry' && wanted.platforms.some(({ key }) => key));
  if (!isOurs || (now !== undefined && !isOrdered(version))) return [];
  const reason: PlanReason =
    now === undefined ? { code: 'tag-missing', tag: latest } : { code: 'tag-behind', tag: latest, version: owner };
  return [[plannedTag(`${repository}:${latest}`, target), reason]];
}

function plannedTag(reference: string, { tags }: TaggedImages): PlannedTag {
  return { reference, before: tags.get(reference)?.descriptor.digest ?? null };
}
