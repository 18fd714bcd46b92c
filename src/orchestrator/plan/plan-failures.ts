import { samePlatform } from '../../oci/platform.ts';
import { platformRank } from '../../oci/platform-match.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Failure } from '../../result.ts';
import type { LostParent, UnknownBase } from '../state/base-images.ts';
import { type Decision, isComparable } from './decide-image.ts';
import type { Decisions } from './decisions.ts';
import { ownersLost } from './failure.ts';
import { type LackingIn, lackingPlatforms } from './lacking-platforms.ts';
import { builtPlatforms, type PlannedImage, sentWithoutOwners } from './plan.ts';
import { type PlanInputs, referenceOf } from './plan-inputs.ts';

/** All that is known to go wrong when the plan runs, but for drift. */
export function planFailures(
  images: readonly PlannedImage[],
  decisions: Decisions,
  inputs: PlanInputs,
): readonly Failure[] {
  return [
    ...baseFailures(images, inputs),
    ...images.flatMap(({ name, platforms }) => knownFailures(name, platforms, inputs)),
    ...images.flatMap(({ name }) => lackedBy(name, decisions, inputs)),
    ...ownersFailures(images, inputs),
  ];
}

/** What keeps just this image from being built, and those that need it. A publish has to know all bases in any case. */
export function obstaclesTo(name: ImageName, decisions: Decisions, inputs: PlanInputs): readonly Failure[] {
  const decision = decisions.get(name)!;
  const bases = inputs.command === 'build' ? unknownBases(name, decision, inputs) : [];
  return [
    ...bases.map(({ failure }) => failure),
    ...knownFailures(name, decision.platforms, inputs),
    ...lackedBy(name, decisions, inputs),
  ];
}

/** Platforms of its parents that it is built from and that they will not be there for. */
function lackedBy(name: ImageName, decisions: Decisions, inputs: PlanInputs): readonly Failure[] {
  const { graph, taken = () => [], target, machine } = inputs;
  const lacking: LackingIn = (parent, wanted) => {
    const decision = decisions.get(parent);
    // Nothing can be built on drift, which is said already.
    if (decision === undefined || decision.action === 'drift') return undefined;
    const isLeft = decision.action === 'unverified';
    if (isLeft) {
      // Used as it is: what runs on the platform will do, and a manifest without an index is for any.
      const offered = target.tags.get(referenceOf(parent, inputs))?.platforms.map(({ platform }) => platform) ?? [];
      const isFit = offered.length === 0 || offered.some((one) => platformRank(wanted, one) !== undefined);
      return isFit ? undefined : { offered, isLeft };
    }
    const offered = decision.platforms.map(({ platform }) => platform);
    return offered.some((one) => samePlatform(one, wanted)) ? undefined : { offered, isLeft };
  };
  return lackingPlatforms(name, builtPlatforms(decisions.get(name)!), { graph, taken, lacking, machine });
}

/** What the builds of the platforms that are built will report for sure; each once. */
function knownFailures(name: ImageName, platforms: Decision['platforms'], inputs: PlanInputs): readonly Failure[] {
  const all = platforms.flatMap(({ platform, source }) =>
    source.from === 'build' ? inputs.knownFailures(name, platform) : [],
  );
  return [...new Map(all.map((failure) => [`${failure.at?.offset} ${failure.message}`, failure])).values()];
}

/** What is to be built, but not without a cascade; each reference once. */
export function lostParents(images: readonly PlannedImage[], inputs: PlanInputs): readonly LostParent[] {
  const lost = images.flatMap(({ name, platforms }) =>
    platforms.flatMap(({ platform, source }) => (source.from === 'build' ? inputs.lostParents(name, platform) : [])),
  );
  return [...new Map(lost.map((one) => [one.edge, one])).values()];
}

/**
 * Nothing is built on what is not known; and a publish, which is to say whether a base moved, must be able to ask. Each
 * base once.
 */
function baseFailures(images: readonly PlannedImage[], inputs: PlanInputs): readonly Failure[] {
  const forbids = ({ state }: UnknownBase, { action }: PlannedImage) =>
    action === 'build' ||
    (state === 'cannot-ask' && inputs.command === 'publish' && (action === 'retag' || isComparable(action)));
  const failures = images.flatMap((image) =>
    unknownBases(image.name, image, inputs)
      .filter((unknown) => forbids(unknown, image))
      .map(({ failure }) => failure),
  );
  return firstOfEach(failures);
}

/** External images of which nobody knows what they are now, each once. */
function unknownBases(name: ImageName, { platforms }: Pick<Decision, 'platforms'>, { bases }: PlanInputs) {
  const all = platforms.flatMap(({ platform }) => bases.unknown(name, platform));
  return [...new Map(all.map((unknown) => [unknown.failure.message, unknown])).values()];
}

function firstOfEach(failures: readonly Failure[]): readonly Failure[] {
  const byMessage = new Map<string, Failure>();
  for (const failure of failures) if (!byMessage.has(failure.message)) byMessage.set(failure.message, failure);
  return [...byMessage.values()];
}

/** Images that would be sent although the owners of their files are lost. */
function ownersFailures(images: readonly PlannedImage[], inputs: PlanInputs): readonly Failure[] {
  if (inputs.command !== 'publish' || inputs.lostOwners === 'allow') return [];
  const lost = sentWithoutOwners(images);
  if (lost.length === 0) return [];
  const published = images.filter(({ action }) => action === 'owners-lost').map(({ name }) => name);
  return [ownersLost(lost, { why: inputs.owners?.why, published })];
}
