import { isOrdered, latest, ownerOfLatest } from '../../project/latest.ts';
import { type TaggedImages, tagsIn } from '../state/tagged-images.ts';
import type { PlannedTag, PlanReason } from './plan.ts';

/** An image, and the place where its tags are to be. */
export interface TagQuestion {
  /** `registry/name`. */
  readonly repository: string;
  readonly version: string;
  readonly target: TaggedImages;
}

/** The tags of a version that gets new content: its own, and `latest` as far as can be said before it is set. */
export function tagsOfVersion({ repository, version, target }: TagQuestion): readonly PlannedTag[] {
  const owner = ownerOfLatest(version, tagsIn(target, repository));
  const tags = owner === version ? [version, latest] : [version];
  return tags.map((tag) => plannedTag(`${repository}:${tag}`, target));
}

/**
 * The tags of a version whose own tag is right that are not where they belong: `latest`, if it is to name this version,
 * or a newer one of ours whose publisher was stopped before it got so far. Why, for each.
 */
export function misplacedTags({
  repository,
  version,
  target,
}: TagQuestion): readonly (readonly [PlannedTag, PlanReason])[] {
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
