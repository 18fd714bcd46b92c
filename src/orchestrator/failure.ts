import { formatPlatform, type Platform } from '../oci/platform.ts';
import { nameList } from '../project/name-list.ts';
import type { Failure, SourceSpan } from '../result.ts';

/** A usage error. */
export function unknownSelector(selector: string, known: readonly string[], suggestion: string | undefined) {
  return {
    reason: 'unknown-selector',
    message: `no image of this project matches "${selector}"`,
    hint: suggestion === undefined ? `images are: ${nameList(known) || 'none'}` : `did you mean ${suggestion}?`,
  } as const satisfies Failure;
}

/** A difference that stops a publish: the tag names content that these sources do not give. */
export function changedWithoutBump(reference: string, name: string, file: string, what: readonly string[]) {
  return {
    reason: 'changed-without-bump',
    message: `${reference} is already published with different content`,
    hint: `raise the version of ${name} in ${file}, then run cip cascade: a published version is never overwritten`,
    ...(what.length > 0 && { details: what }),
  } as const satisfies Failure;
}

/** Somebody else published other content in between. Digests, or undefined where there was no tag. */
export function lostRace(reference: string, wanted: string | undefined, found: string | undefined) {
  return {
    reason: 'lost-race',
    message: `${reference} was ${found === undefined ? 'removed' : `set to ${found}, made from different sources,`} by somebody else${wanted === undefined ? '' : ` while ${wanted} was made for it`}`,
    hint: 'run the command again to see what is left to do; nothing of theirs was overwritten',
  } as const satisfies Failure;
}

/** Each time it was looked at again, somebody else had moved it. */
export function tagKeepsMoving(reference: string) {
  return {
    reason: 'tag-keeps-moving',
    message: `${reference} was moved by somebody else each time it was set`,
    hint: 'wait until the others have published, and run the command again',
  } as const satisfies Failure;
}

/** Tags were being set when something went wrong. `tagged`: images whose version is set; `behind`: whose `latest` is not. */
export function publishPartial(tagged: readonly string[], total: number, behind: readonly string[]) {
  const names = tagged.length === 0 ? '' : ` (${nameList(tagged)})`;
  const rest = tagged.length === total ? `, but latest is not set for ${nameList(behind)}` : '';
  return {
    reason: 'publish-partial',
    message: `publishing stopped partway: ${tagged.length} of ${total} images are tagged${names}${rest}`,
    hint: 'run the same command again to finish',
  } as const satisfies Failure;
}

/** To copy: the target has the version, made from other sources. */
export function differentContent(reference: string, wanted: string, found: string | undefined) {
  return {
    reason: 'different-content',
    message: `${reference} is ${found ?? 'gone'}, which has different content than ${wanted}`,
    hint: 'a published version is never overwritten: raise its version, or delete the tag there first',
  } as const satisfies Failure;
}

/** For `--require-all`. */
export function missingInRegistry(reference: string) {
  return {
    reason: 'missing-in-registry',
    message: `${reference} is not in the registry`,
    hint: 'publish it first, or leave out --require-all',
  } as const satisfies Failure;
}

/** Somebody else removed in between what the plan counted on. */
export function imageGone(reference: string) {
  return {
    reason: 'image-gone',
    message: `${reference} was removed after the plan was made`,
    hint: 'run the command again',
  } as const satisfies Failure;
}

/**
 * The environment: a registry is for machines that have users. `why` is what this machine lacks; `published` are images in
 * the registry that lost their owners before.
 */
export function ownersLost(
  names: readonly string[],
  { why, published = [] }: { readonly why?: Failure | undefined; readonly published?: readonly string[] },
) {
  const own = why?.hint ?? 'publish from a machine where users have a range of ids (see cip doctor)';
  const fix = why === undefined && published.length > 0 ? `raise the version of ${nameList(published)}` : own;
  return {
    reason: 'owners-lost',
    message: `files of ${nameList(names)} have lost the owners that RUN steps give them: images built without a range of ids are not published`,
    hint: `${fix}; or pass --allow-lost-owners`,
    ...(why !== undefined && { details: [why.message] }),
  } as const satisfies Failure;
}

/** The same where it is allowed, as a warning. */
export function sentWithLostOwners(names: readonly string[]) {
  return {
    reason: 'owners-lost',
    message: `files of ${nameList(names)} have lost the owners that RUN steps give them: machines with a range of ids build them again`,
  } as const satisfies Failure;
}

/** An image of the project and what one that is built from it wants of it. */
export interface LackedPlatform {
  readonly child: string;
  readonly parent: string;
  /** Of the parent's context, as shown. */
  readonly path: string;
  readonly wanted: Platform;
  /** Whether the child is built for it too, and does not only take it for a stage. */
  readonly isOwn: boolean;
  readonly offered: readonly Platform[];
  /** The parent is there already and is left as it is. */
  readonly isLeft: boolean;
}

/** The same as a builder would find: the plan tells it before anything is built. */
export function parentPlatformMissing(lacked: LackedPlatform, at: SourceSpan) {
  const { child, parent, path, wanted, isOwn, offered, isLeft } = lacked;
  const platform = formatPlatform(wanted);
  const made = offered.map(formatPlatform).join(', ') || 'no platform of this run';
  const remedy = isLeft
    ? `raise the version of ${parent} in ${path}/info.edn, so that it is built for ${platform} too`
    : `add "${platform}" to :platforms in ${path}/info.edn`;
  return {
    reason: 'parent-platform-missing',
    message: `${child} needs ${parent} for ${platform}, but ${parent} is only ${isLeft ? 'there' : 'made'} for ${made}`,
    hint: isOwn ? `${remedy}, or build ${child} for ${made} only` : remedy,
    at,
  } as const satisfies Failure;
}

/** Whether a failure is one of the registry as a whole: whatever else was asked of it would fail the same way. */
export function isLossOfRegistry({ reason }: Failure): boolean {
  return ['registry-unreachable', 'registry-too-slow', 'registry-tls-failed'].includes(reason);
}

/** The environment. `why` is what its registry said, or did not; `isSeen` where there is a digest to go on with. */
export function baseUnreachable(reference: string, why: Failure, isSeen: boolean) {
  const hint = why.hint ?? 'try again when its registry answers';
  return {
    reason: 'base-unreachable',
    message: `cannot find out what the base image ${reference} is now: ${why.message}`,
    hint: isSeen ? `${hint}; or pass --offline-bases to use the digest last seen` : hint,
  } as const satisfies Failure;
}

/** The environment, for `--offline-bases`. */
export function baseNeverSeen(reference: string) {
  return {
    reason: 'base-never-seen',
    message: `the base image ${reference} was never seen by this store`,
    hint: 'run the command once without --offline-bases, or pin the image to a digest',
  } as const satisfies Failure;
}

/** Its registry answered: there is no such image. */
export function baseUnknown(reference: string) {
  return {
    reason: 'base-not-found',
    message: `the base image ${reference} does not exist in its registry, nor in the store`,
    hint: 'check its name and tag; an image of this project is written as ${REGISTRY}/name:version',
  } as const satisfies Failure;
}
