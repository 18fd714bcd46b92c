import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import { platformRank } from '../../oci/platform-match.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest } from '../../project/latest.ts';
import { levelsOf } from '../../project/level.ts';
import type { Failure } from '../../result.ts';
import type { KeyChange } from '../key/key-change.ts';
import { neededPlatforms, type UsedParentsOf } from '../key/needed-platforms.ts';
import { type PlatformChoice, wantedPlatforms } from '../key/wanted-platforms.ts';
import type { KnownBases, LostParent, UnknownBase } from '../state/base-images.ts';
import type { TaggedImages } from '../state/tagged-images.ts';
import { criticalPath } from './critical-path.ts';
import { type Decision, decideImage } from './decide-image.ts';
import { misplacedTags, type TagQuestion, tagsOfVersion } from './decide-tags.ts';
import { type DriftedImage, driftFailures } from './drift-causes.ts';
import { EffectiveBases } from './effective-bases.ts';
import { ownersLost } from './failure.ts';
import { type LackingIn, lackingPlatforms } from './lacking-platforms.ts';
import { type OwnersHere, ownersKept } from './owners-here.ts';
import {
  type Action,
  type Plan,
  type PlanCommand,
  type PlannedImage,
  type PlannedTag,
  type PlanReason,
  sentWithoutOwners,
} from './plan.ts';
import type { Selection } from './selection.ts';
import { staleReasons } from './stale-reasons.ts';

/** All that decisions are made of: known before anything is built. */
export interface PlanInputs {
  readonly command: PlanCommand;
  /** `host[:port][/path]`. */
  readonly registry: string;
  readonly graph: DependencyGraph;
  readonly selection: Selection;
  readonly platforms: PlatformChoice;
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

/** Decides for every image by its key, of which the keys of its parents are a part, and by what it is built on. */
export function planBuild(inputs: PlanInputs): Plan {
  const { graph, selection } = inputs;
  const levels = levelsOf(graph);
  const candidates = new Set([...selection.selected, ...selection.implied]);
  const names = graph.order.filter((one) => candidates.has(one));
  const decisions = decideAll(names, inputs);
  const drifted = driftedImages(decisions, inputs);
  for (const name of unneeded(inputs, decisions)) decisions.delete(name);

  const images = [...decisions].map(([name, decision]): PlannedImage => {
    const context = graph.project.contexts.get(name)!;
    const { action, tags, reasons } = withTags(decision, questionOf(inputs, name));
    const current = inputs.target.tags.get(referenceOf(inputs, name))?.descriptor;
    const obstacles = action === 'build' ? obstaclesTo(name, decision, decisions, inputs) : [];
    return {
      name,
      version: context.version,
      reference: referenceOf(inputs, name),
      path: context.path,
      level: levels.get(name)!,
      implied: !selection.selected.includes(name),
      action,
      platforms: decision.platforms,
      ...(decision.base && { base: decision.base }),
      ...(current && { current }),
      ...(obstacles.length > 0 && { obstacles }),
      dependsOn: graph.parents.get(name) ?? [],
      dependents: graph.children.get(name) ?? [],
      tags,
      reasons: reasonsOf(name, { ...decision, reasons }, decisions, inputs),
    };
  });
  return {
    command: inputs.command,
    registry: inputs.registry,
    images,
    failures: [
      ...driftFailures(
        images.filter((image) => isForbidden(image, images, inputs)).map(({ name }) => name),
        drifted,
        graph,
        lostParents(images, inputs),
      ),
      ...baseFailures(images, inputs),
      ...images.flatMap(({ name, platforms }) => knownFailures(name, platforms, inputs)),
      ...images.flatMap(({ name }) => lackedBy(name, decisions, inputs)),
      ...ownersFailures(images, inputs),
    ],
    criticalPath: criticalPath(images),
  };
}

/** For the platforms that were asked for, and those that what is built takes other images for. */
function decideAll(names: readonly ImageName[], inputs: PlanInputs): Map<ImageName, Decision> {
  const { graph, taken = () => [] } = inputs;
  const { contexts } = graph.project;
  const asked = new Map(names.map((name) => [name, wantedPlatforms(contexts.get(name)!, inputs.platforms)]));
  const wanted = neededPlatforms(graph, asked, () => true, taken);
  const decisions = decideFor(wanted, names, inputs);
  const dropped = new Set(unneeded(inputs, decisions));
  const isBuilt = (name: ImageName, platform: Platform) =>
    !dropped.has(name) && builtPlatforms(decisions.get(name)).some((one) => samePlatform(one, platform));
  const needed = neededPlatforms(graph, asked, isBuilt, taken);
  const isAll = names.every((name) => needed.get(name)?.length === wanted.get(name)?.length);
  return isAll ? decisions : decideFor(needed, names, inputs);
}

function decideFor(
  wanted: ReadonlyMap<ImageName, readonly Platform[]>,
  names: readonly ImageName[],
  inputs: PlanInputs,
): Map<ImageName, Decision> {
  const decisions = new Map<ImageName, Decision>();
  const effective = new EffectiveBases(inputs, decisions);
  for (const name of names) decisions.set(name, decide(name, wanted.get(name)!, decisions, effective, inputs));
  return decisions;
}

function builtPlatforms(decision: Decision | undefined): readonly Platform[] {
  return decision?.platforms.flatMap(({ platform, source }) => (source.from === 'build' ? [platform] : [])) ?? [];
}

function decide(
  name: ImageName,
  wanted: readonly Platform[],
  decisions: ReadonlyMap<ImageName, Decision>,
  effective: EffectiveBases,
  inputs: PlanInputs,
): Decision {
  if (inputs.platforms.kind === 'host') {
    const skippedParent = parentsOf(name, wanted, inputs).find(
      (parent) => decisions.get(parent)?.action === 'skipped-platform',
    );
    if (wanted.length === 0)
      return skipped({ code: 'platform-excluded', platform: formatPlatform(inputs.platforms.platform) });
    if (skippedParent !== undefined) return skipped({ code: 'parent-skipped', parent: skippedParent });
  }
  return decideImage({
    reference: referenceOf(inputs, name),
    latestReference: `${inputs.registry}/${name}:${latest}`,
    wanted,
    keyOf: (platform) => inputs.keyOf(name, platform),
    basesOf: (platform) => effective.of(name, platform),
    estimateOf: (platform) => inputs.estimateOf(name, platform),
    target: inputs.target,
    store: inputs.store,
    rebuild: inputs.rebuild && inputs.selection.selected.includes(name),
    ownersAreKept: (inputs.owners ?? ownersKept).areKept,
    losesOwners: (platform) => losesOwners(name, platform, decisions, inputs),
  });
}

/** The images of the project that a build uses; where nobody told which, all that its Dockerfile names. */
function parentsOf(name: ImageName, wanted: readonly Platform[], { graph, taken }: PlanInputs): readonly ImageName[] {
  if (taken === undefined) return graph.parents.get(name) ?? [];
  return wanted.flatMap((platform) => taken(name, platform, 'here').map(([parent]) => parent));
}

/** Its own steps would run where only root exists, or it has the layers of an image that has lost them. */
function losesOwners(
  name: ImageName,
  platform: Platform,
  decisions: ReadonlyMap<ImageName, Decision>,
  { owners = ownersKept, runsSteps = () => false, taken = () => [] }: PlanInputs,
): boolean {
  if (!owners.areKept && owners.why !== undefined && runsSteps(name, platform)) return true;
  return taken(name, platform, 'here').some(([parent, wanted]) => {
    const planned = decisions.get(parent)?.platforms.find((one) => samePlatform(one.platform, wanted));
    return planned?.ownersLost === true;
  });
}

/** Images that would be sent although the owners of their files are lost. */
function ownersFailures(images: readonly PlannedImage[], inputs: PlanInputs): readonly Failure[] {
  if (inputs.command !== 'publish' || inputs.lostOwners === 'allow') return [];
  const lost = sentWithoutOwners(images);
  if (lost.length === 0) return [];
  const published = images.filter(({ action }) => action === 'owners-lost').map(({ name }) => name);
  return [ownersLost(lost, { why: inputs.owners?.why, published })];
}

function skipped(reason: PlanReason): Decision {
  return { action: 'skipped-platform', platforms: [], reasons: [reason] };
}

/** Ancestors that nobody asked for and nothing is built from. */
function unneeded(
  { graph, selection, taken = () => [] }: PlanInputs,
  decisions: ReadonlyMap<ImageName, Decision>,
): readonly ImageName[] {
  const needed = new Set<ImageName>(selection.selected);
  for (const name of graph.order.toReversed()) {
    if (!needed.has(name) || decisions.get(name)?.action !== 'build') continue;
    for (const parent of graph.parents.get(name) ?? []) needed.add(parent);
    for (const platform of builtPlatforms(decisions.get(name))) {
      for (const [parent] of taken(name, platform, 'here')) needed.add(parent);
    }
  }
  return selection.implied.filter((name) => !needed.has(name));
}

function reasonsOf(
  name: ImageName,
  { action, changed, reasons }: Decision,
  decisions: ReadonlyMap<ImageName, Decision>,
  { graph, changesBetween }: PlanInputs,
): readonly PlanReason[] {
  if (changed === undefined) return reasons;
  const path = graph.project.contexts.get(name)!.path;
  const known = changesBetween(changed.before, changed.after) ?? [];
  const stale = graph.stale.filter(({ edge }) => edge.from === name);
  const changes =
    known.length > 0
      ? known.flatMap((change) => staleReasons(change, stale, graph) ?? shown(change, path, decisions))
      : [{ code: 'key-changed' } as const];
  return action === 'drift' ? [...reasons, ...changes] : [...changes, ...reasons];
}

function shown(change: KeyChange, path: string, decisions: ReadonlyMap<ImageName, Decision>): PlanReason {
  switch (change.code) {
    case 'input-changed':
      return { ...change, path: `${path}/${change.path}` };
    case 'instruction-changed':
    case 'instruction-added':
    case 'instruction-removed':
      return { ...change, path: `${path}/Dockerfile` };
    case 'parent-changed': {
      // `tool`, or `tool (linux/arm64)`.
      const [name] = change.parent.split(' ') as [ImageName];
      const isBuilt = change.how !== 'left' && decisions.get(name)?.action === 'build';
      return isBuilt ? { code: 'parent-built', parent: change.parent } : change;
    }
    default:
      return change;
  }
}

interface TagDecision {
  readonly action: Action;
  readonly tags: readonly PlannedTag[];
  readonly reasons: readonly PlanReason[];
}

/** Content that is in place is up to date only if all of its tags are. */
function withTags({ action, reasons, isUntagged = false }: Decision, question: TagQuestion): TagDecision {
  if (action === 'build' || action === 'retag') {
    return { action, tags: isUntagged ? [] : tagsOfVersion(question), reasons };
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

function questionOf({ graph, registry, target }: PlanInputs, name: ImageName): TagQuestion {
  return { repository: `${registry}/${name}`, version: graph.project.contexts.get(name)!.version, target };
}

/** Drift may be passed over, but nothing can be built on an image whose content is other than its sources. */
function isForbidden({ action, dependents }: PlannedImage, images: readonly PlannedImage[], { onDrift }: PlanInputs) {
  if (action !== 'drift') return false;
  return onDrift === 'fail' || images.some((other) => other.action === 'build' && dependents.includes(other.name));
}

/** Those among them, too, that are not part of the plan: what is built from them drifted because of them. */
function driftedImages(decisions: ReadonlyMap<ImageName, Decision>, inputs: PlanInputs) {
  const drifted = [...decisions].filter(([, { action }]) => action === 'drift');
  return new Map(
    drifted.map(([name, decision]): [ImageName, DriftedImage] => [
      name,
      { name, reference: referenceOf(inputs, name), reasons: reasonsOf(name, decision, decisions, inputs) },
    ]),
  );
}

/** What keeps just this image from being built, and those that need it. A publish has to know all bases in any case. */
function obstaclesTo(
  name: ImageName,
  decision: Decision,
  decisions: ReadonlyMap<ImageName, Decision>,
  inputs: PlanInputs,
): readonly Failure[] {
  const bases = inputs.command === 'build' ? unknownBases(name, decision, inputs) : [];
  return [
    ...bases.map(({ failure }) => failure),
    ...knownFailures(name, decision.platforms, inputs),
    ...lackedBy(name, decisions, inputs),
  ];
}

/** Platforms of its parents that it is built from and that they will not be there for. */
function lackedBy(
  name: ImageName,
  decisions: ReadonlyMap<ImageName, Decision>,
  inputs: PlanInputs,
): readonly Failure[] {
  const { graph, taken = () => [], target } = inputs;
  const lacking: LackingIn = (parent, wanted) => {
    const decision = decisions.get(parent);
    // Nothing can be built on drift, which is said already.
    if (decision === undefined || decision.action === 'drift') return undefined;
    const isLeft = decision.action === 'unverified';
    if (isLeft) {
      // Used as it is: what runs on the platform will do, and a manifest without an index is for any.
      const offered = target.tags.get(referenceOf(inputs, parent))?.platforms.map(({ platform }) => platform) ?? [];
      const isFit = offered.length === 0 || offered.some((one) => platformRank(wanted, one) !== undefined);
      return isFit ? undefined : { offered, isLeft };
    }
    const offered = decision.platforms.map(({ platform }) => platform);
    return offered.some((one) => samePlatform(one, wanted)) ? undefined : { offered, isLeft };
  };
  return lackingPlatforms(name, builtPlatforms(decisions.get(name)), { graph, taken, lacking });
}

/** What the builds of the platforms that are built will report for sure; each once. */
function knownFailures(name: ImageName, platforms: Decision['platforms'], inputs: PlanInputs): readonly Failure[] {
  const all = platforms.flatMap(({ platform, source }) =>
    source.from === 'build' ? inputs.knownFailures(name, platform) : [],
  );
  return [...new Map(all.map((failure) => [`${failure.at?.offset} ${failure.message}`, failure])).values()];
}

/** What is to be built, but not without a cascade; each reference once. */
function lostParents(images: readonly PlannedImage[], inputs: PlanInputs): readonly LostParent[] {
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

function isComparable(action: PlannedImage['action']): boolean {
  return action === 'up-to-date' || action === 'tag' || action === 'base-moved' || action === 'owners-lost';
}

function referenceOf({ graph, registry }: PlanInputs, name: ImageName): string {
  return `${registry}/${name}:${graph.project.contexts.get(name)!.version}`;
}
