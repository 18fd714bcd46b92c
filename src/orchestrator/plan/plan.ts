import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Failure } from '../../result.ts';
import type { InstructionRemoved } from '../key/instruction-changes.ts';
import type { OneSided } from '../key/key-change.ts';
import type { Bases } from '../state/bases.ts';

/** What is to be done, and why: all decided, nothing done. Printable, and the same for equal inputs. */
export interface Plan {
  readonly command: PlanCommand;
  /** `host[:port][/path]`: what stands before the names of the images. */
  readonly registry: string;
  /** Parents before children. Ancestors that turned out not to be needed are left out. */
  readonly images: readonly PlannedImage[];
  /** What forbids running the plan, such as drift; empty if nothing does. */
  readonly failures: readonly Failure[];
  readonly criticalPath: CriticalPath;
}

/** `build` asks the local store what is there, `publish` the registry. */
export type PlanCommand = 'build' | 'publish';

/** What a run does about one image, and why. */
export interface PlannedImage {
  readonly name: ImageName;
  readonly version: string;
  /** `registry/name:version`. */
  readonly reference: string;
  /** As shown: `contexts/04-node-dev`. */
  readonly path: string;
  /** 0 has no parent in the project; else one more than the highest of the parents. */
  readonly level: number;
  /** Not asked for: needed by one that is. */
  readonly implied: boolean;
  readonly action: Action;
  /** What the image is to have, in the order wanted. Empty when skipped for its platforms. */
  readonly platforms: readonly PlannedPlatform[];
  /** An index to complete: the tag's, less the platforms whose content is no longer right. */
  readonly base?: IndexBase | undefined;
  /** What the tag of the version names now; absent where there is no such tag. */
  readonly current?: Descriptor | undefined;
  readonly dependsOn: readonly ImageName[];
  readonly dependents: readonly ImageName[];
  /** Tags to be set, the version first. Empty, for an image that is built, where its content is sent by digest only. */
  readonly tags: readonly PlannedTag[];
  /** What keeps it from being built, known before anything is built; they are among the failures of the plan. */
  readonly obstacles?: readonly Failure[] | undefined;
  /** The most telling first; never empty. */
  readonly reasons: readonly PlanReason[];
}

/**
 * - `build`: at least one platform is built; others may be taken from where they are.
 * - `retag`: all content is there under another name: only tags (and, to a registry, a push) are needed.
 * - `tag`: the tag of the version is there with equal keys, but `latest` is not where it belongs.
 * - `up-to-date`: all tags that the version owns are there, with equal keys.
 * - `unverified`: the tag is there, made by another tool or by rules of another cip: nobody knows of what.
 * - `base-moved`: published of these sources, but an image it is built on has moved since. It is left as it is.
 * - `owners-lost`: published of these sources, but its owners were lost when it was built (ADR 0025). It is left as it is.
 * - `drift`: published, but not of what the sources are now. Nothing is overwritten.
 * - `skipped-platform`: the image is not made for the platform that is built.
 */
export type Action =
  | 'build'
  | 'retag'
  | 'tag'
  | 'up-to-date'
  | 'unverified'
  | 'base-moved'
  | 'owners-lost'
  | 'drift'
  | 'skipped-platform';

/** Where the manifest of one platform comes from. */
export interface PlannedPlatform {
  readonly platform: Platform;
  readonly key: Digest;
  /** Of what the tag of the version names now, else `latest`. */
  readonly previousKey?: Digest | undefined;
  /** What it is built on once the plan has run; absent where that is not known. */
  readonly bases?: Bases | undefined;
  /** Files of it have not the owners that its RUN steps gave them: they ran, or will run, where only root exists. */
  readonly ownersLost?: boolean | undefined;
  readonly source: PlatformSource;
  /** Milliseconds, from earlier runs; only for what is built. */
  readonly estimate?: number | undefined;
}

/** Where the manifest of a platform comes from. */
export type PlatformSource =
  | { readonly from: 'build' }
  /** The tag lacks it, and nothing is done about that. */
  | { readonly from: 'nowhere' }
  /** The index that the tag names has it. */
  | { readonly from: 'tag'; readonly manifest: Descriptor }
  /** It is known under another reference. */
  | {
      readonly from: 'store' | 'registry';
      readonly reference: string;
      readonly index: Descriptor;
      readonly manifest: Descriptor;
    };

/** The index that a new one starts from: what is in it stays, except for what is to be dropped. */
export interface IndexBase {
  readonly index: Descriptor;
  /** Platforms to leave out, as text. */
  readonly drop: readonly string[];
}

/** A tag that the run sets, and what it named when the plan was made. */
export interface PlannedTag {
  readonly reference: string;
  /** Digest it names now; null where there is none, absent where nobody asked. */
  readonly before?: Digest | null | undefined;
}

/** Why. Names and paths as people are shown them; lines count from 1. */
export type PlanReason =
  | { readonly code: 'missing'; readonly reference: string }
  | { readonly code: 'missing-platforms'; readonly platforms: readonly string[] }
  | { readonly code: 'input-changed'; readonly path: string; readonly how?: OneSided }
  | { readonly code: 'instruction-changed'; readonly path: string; readonly line: number }
  | { readonly code: 'instruction-added'; readonly path: string; readonly line: number }
  | (InstructionRemoved & { readonly path: string })
  /** It names an older version of a parent than the project holds now. `version` is the tag as written. */
  | {
      readonly code: 'stale-reference';
      readonly path: string;
      readonly line: number;
      readonly parent: string;
      readonly version: string;
      readonly current: string;
    }
  | { readonly code: 'argument-changed'; readonly name: string; readonly how?: OneSided }
  /** From and to a stage; absent for the last. */
  | {
      readonly code: 'escape-changed';
      readonly path: string;
      readonly before: string;
      readonly after: string;
    }
  | { readonly code: 'target-changed'; readonly before?: string | undefined; readonly after?: string | undefined }
  /** The parent is built in this plan. */
  | { readonly code: 'parent-built'; readonly parent: string }
  /** The parent is other than the one it was built from, and there already. */
  | { readonly code: 'parent-changed'; readonly parent: string; readonly how?: OneSided }
  /** Nothing is remembered of what the earlier key was made of. */
  | { readonly code: 'key-changed' }
  /** An image from elsewhere is other than the one it was built on. Digests where they are known. */
  | {
      readonly code: 'base-moved';
      readonly reference: string;
      readonly before?: Digest | undefined;
      readonly after?: Digest | undefined;
    }
  /** The parent has the same sources, but is built on another base. */
  | { readonly code: 'parent-base-moved'; readonly parent: string }
  /** Its RUN steps, or those of a parent, ran where only root exists. */
  | { readonly code: 'owners-lost' }
  /** Its key is of another number of rules: it cannot be compared. */
  | { readonly code: 'other-key-schema'; readonly schema: number }
  | { readonly code: 'asked-for' }
  /** The place that has it; `store`: the reference is a name in the local store, and may be another image in its registry. */
  | { readonly code: 'same-key'; readonly reference: string; readonly in?: 'store' }
  | { readonly code: 'no-key' }
  /** The version is there, but this tag of it is not. */
  | { readonly code: 'tag-missing'; readonly tag: string }
  /** The tag names another image than it should. */
  | { readonly code: 'tag-behind'; readonly tag: string; readonly version: string }
  /** The tag has content for these platforms that is not known to be of the same sources: it would be lost. */
  | { readonly code: 'no-tags'; readonly platforms: readonly string[] }
  | { readonly code: 'changed-without-bump' }
  | { readonly code: 'platform-excluded'; readonly platform: string }
  | { readonly code: 'parent-skipped'; readonly parent: string };

/** The chain of builds that takes longest: no number of jobs makes the run shorter. */
export interface CriticalPath {
  readonly images: readonly ImageName[];
  /** Milliseconds. */
  readonly duration: number;
  /** Whether all of its durations are recorded ones. */
  readonly isRecorded: boolean;
}

/** The platforms of an image that are built, and not taken from anywhere. */
export function builtPlatforms({ platforms }: Pick<PlannedImage, 'platforms'>): readonly Platform[] {
  return platforms.filter(({ source }) => source.from === 'build').map(({ platform }) => platform);
}

/** Whether all content of an image is there, but in the store alone: no tag of the registry has it. */
export function isUpload(
  { action, platforms }: Pick<PlannedImage, 'action' | 'platforms'>,
  command: PlanCommand,
): boolean {
  return command === 'publish' && action === 'retag' && platforms.some(({ source }) => source.from === 'store');
}

/** Images that get content whose files have lost their owners. */
export function sentWithoutOwners(images: readonly PlannedImage[]): readonly ImageName[] {
  return images.flatMap(({ name, action, platforms }) => {
    if (action !== 'build' && action !== 'retag') return [];
    return platforms.some(({ ownersLost, source }) => ownersLost === true && source.from !== 'tag') ? [name] : [];
  });
}

/**
 * What forbids running a plan. With `keepGoing` the obstacles of single images do not: these images fail, and what does
 * not need them is built.
 */
export function forbidding({ images, failures }: Plan, { keepGoing }: { readonly keepGoing: boolean }) {
  if (!keepGoing) return failures;
  const single = new Set(images.flatMap(({ obstacles = [] }) => obstacles.map(({ message }) => message)));
  return failures.filter(({ message }) => !single.has(message));
}
