import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { nameList } from '../../project/name-list.ts';
import type { Failure, FailureShape, ReasonOf, SourceSpan } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'orchestrator/plan': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A usage error. */
export function unknownSelector(selector: string, known: readonly string[], suggestion: string | undefined) {
  return {
    reason: 'unknown-selector',
    message: `no image of this project matches "${selector}"`,
    hint: suggestion === undefined ? `images are: ${nameList(known) || 'none'}` : `did you mean ${suggestion}?`,
    subject: selector,
    meant: suggestion,
  } as const satisfies FailureShape;
}

/** A difference that stops a publish: the tag names content that these sources do not give. `file` has the version. */
export function changedWithoutBump(
  { name, reference }: { readonly name: string; readonly reference: string },
  file: string,
  what: readonly string[],
) {
  return {
    reason: 'changed-without-bump',
    message: `${reference} is already published with different content`,
    hint: `raise the version of ${name} in ${file}, then run cip cascade: a published version is never overwritten`,
    ...(what.length > 0 && { details: what }),
  } as const satisfies FailureShape;
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
  } as const satisfies FailureShape;
}

/** The same where it is allowed, as a warning. */
export function sentWithLostOwners(names: readonly string[]) {
  return {
    reason: 'owners-lost',
    message: `files of ${nameList(names)} have lost the owners that RUN steps give them: machines with a range of ids build them again`,
  } as const satisfies FailureShape;
}

/** An image of the project and what one that is built from it wants of it. */
export interface MissingPlatform {
  readonly child: string;
  readonly parent: string;
  /** Of the parent's context, as shown. */
  readonly path: string;
  readonly wanted: Platform;
  /** Whether the child is built for it too, and does not only take it for a stage. */
  readonly isOwn: boolean;
  readonly offered: readonly Platform[];
  /** The parent is there for the machine that builds, and the stage that starts from it is only copied from. */
  readonly runsHere: boolean;
  /** The parent is there already and is left as it is. */
  readonly isLeft: boolean;
}

/** The same as a builder would find: the plan tells it before anything is built. */
export function parentPlatformMissing(missing: MissingPlatform, at: SourceSpan) {
  const { child, parent, path, wanted, isOwn, runsHere, offered, isLeft } = missing;
  const platform = formatPlatform(wanted);
  const made = offered.map(formatPlatform).join(', ') || 'no platform of this run';
  const remedy = isLeft
    ? `raise the version of ${parent} in ${path}/info.edn, so that it is built for ${platform} too`
    : `add "${platform}" to :platforms in ${path}/info.edn`;
  return {
    reason: 'parent-platform-missing',
    message: `${child} needs ${parent} for ${platform}, but ${parent} is only ${isLeft ? 'there' : 'made'} for ${made}`,
    hint: [
      remedy,
      ...(runsHere
        ? ['if the files copied from that stage fit all platforms, write FROM --platform=$BUILDPLATFORM']
        : []),
      ...(isOwn ? [`build ${child} for ${made} only`] : []),
    ].join(', or '),
    at,
  } as const satisfies FailureShape;
}
