import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Failure } from '../../result.ts';
import type { KeyChange } from '../key/key-change.ts';
import type { UsedParentsOf } from '../key/needed-platforms.ts';
import type { PlatformChoice } from '../key/wanted-platforms.ts';
import type { KnownBases, LostParent } from '../state/base-images.ts';
import type { TaggedImages } from '../state/tagged-images.ts';
import type { OwnersHere } from './owners-here.ts';
import type { PlanCommand } from './plan.ts';
import type { Selection } from './selection.ts';

/** All that decisions are made of: known before anything is built. */
export interface PlanInputs {
  readonly command: PlanCommand;
  /** `host[:port][/path]`. */
  readonly registry: string;
  readonly graph: DependencyGraph;
  readonly selection: Selection;
  readonly platforms: PlatformChoice;
  /** That builds; only remedies depend on it. */
  readonly machine?: Platform | undefined;
  /** Nothing of the project if not given. */
  readonly taken?: UsedParentsOf | undefined;
  readonly keyOf: (image: ImageName, platform: Platform) => Digest;
  /** What external images are now. */
  readonly bases: KnownBases;
  /** What a build of an image will report for sure: what it copies from its context and is not there, among others. */
  readonly knownFailures: (image: ImageName, platform: Platform) => readonly Failure[];
  /** Older versions of images that an image is built from, and that are nowhere. */
  readonly lostParents: (image: ImageName, platform: Platform) => readonly LostParent[];
  /** What changed between two keys of an image; undefined where the earlier one is not remembered. */
  readonly changesBetween: (before: Digest, after: Digest) => readonly KeyChange[] | undefined;
  /** Where the tags are to be. The store itself for `build`. */
  readonly target: TaggedImages;
  readonly store: TaggedImages;
  /** Milliseconds that building took; undefined where it was never done. */
  readonly estimateOf: (image: ImageName, platform: Platform) => number | undefined;
  /** Build what was asked for in any case; what is published is not overwritten even so. */
  readonly rebuild: boolean;
  /** Whether RUN steps of this run keep the owners of files; they do if not given. */
  readonly owners?: OwnersHere | undefined;
  /** Whether an image runs steps when it is built; none does if not given. */
  readonly runsSteps?: ((image: ImageName, platform: Platform) => boolean) | undefined;
  /** What a publish does about content whose owners were lost; `refuse` if not given. */
  readonly lostOwners?: 'refuse' | 'allow' | undefined;
  /** `skip` leaves what is published as it is, and says so. */
  readonly onDrift: 'fail' | 'skip';
}

/** `registry/name:version`. */
export function referenceOf(
  name: ImageName,
  { graph, registry }: { readonly graph: DependencyGraph; readonly registry: string },
): string {
  return `${registry}/${name}:${graph.project.contexts.get(name)!.version}`;
}
