import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest } from '../../project/latest.ts';
import { neededPlatforms } from '../key/needed-platforms.ts';
import { wantedPlatforms } from '../key/wanted-platforms.ts';
import { type Decision, decideImage } from './decide-image.ts';
import { EffectiveBases } from './effective-bases.ts';
import { ownersKept } from './owners-here.ts';
import { builtPlatforms, type PlanReason } from './plan.ts';
import { type PlanInputs, referenceOf } from './plan-inputs.ts';

/** What is decided of each image, parents first. */
export type Decisions = ReadonlyMap<ImageName, Decision>;

/**
 * Decides for all images of a selection and their ancestors, for the platforms that were asked for, and those that what is
 * built takes other images for.
 */
export function decideAll(inputs: PlanInputs): Decisions {
  const { graph, selection, taken = () => [] } = inputs;
  const { contexts } = graph.project;
  const candidates = new Set([...selection.selected, ...selection.implied]);
  const names = graph.order.filter((one) => candidates.has(one));
  const asked = new Map(names.map((name) => [name, wantedPlatforms(contexts.get(name)!, inputs.platforms)]));
  const wanted = neededPlatforms(asked, { graph, taken });
  const decisions = decideFor(wanted, inputs);
  const dropped = new Set(unneeded(decisions, inputs));
  const isBuilt = (name: ImageName, platform: Platform) =>
    !dropped.has(name) && builtPlatforms(decisions.get(name)!).some((one) => samePlatform(one, platform));
  const needed = neededPlatforms(asked, { graph, taken, isBuilt });
  const isAll = names.every((name) => needed.get(name)?.length === wanted.get(name)?.length);
  return isAll ? decisions : decideFor(needed, inputs);
}

/** Ancestors that nobody asked for and nothing is built from. */
export function unneeded(
  decisions: Decisions,
  { graph, selection, taken = () => [] }: PlanInputs,
): readonly ImageName[] {
  const needed = new Set<ImageName>(selection.selected);
  for (const name of graph.order.toReversed()) {
    const decision = decisions.get(name);
    if (!needed.has(name) || decision?.action !== 'build') continue;
    for (const parent of graph.parents.get(name) ?? []) needed.add(parent);
    for (const platform of builtPlatforms(decision)) {
      for (const [parent] of taken(name, platform, 'here')) needed.add(parent);
    }
  }
  return selection.implied.filter((name) => !needed.has(name));
}

/** `wanted`: by image, parents first. */
function decideFor(wanted: ReadonlyMap<ImageName, readonly Platform[]>, inputs: PlanInputs): Decisions {
  const deciding = new Deciding(inputs);
  for (const [name, platforms] of wanted) deciding.decide(name, platforms);
  return deciding.decisions;
}

/** Decides for one image after the other; each decision is a part of what those of its children are made from. */
class Deciding {
  readonly decisions = new Map<ImageName, Decision>();
  readonly #inputs: PlanInputs;
  readonly #effective: EffectiveBases;

  constructor(inputs: PlanInputs) {
    this.#inputs = inputs;
    this.#effective = new EffectiveBases(inputs, this.decisions);
  }

  decide(name: ImageName, wanted: readonly Platform[]): void {
    this.decisions.set(name, this.#skipped(name, wanted) ?? this.#decided(name, wanted));
  }

  /** Not for this machine, where only its platform is built, or built from such an image. */
  #skipped(name: ImageName, wanted: readonly Platform[]): Decision | undefined {
    const { platforms } = this.#inputs;
    if (platforms.kind !== 'host') return undefined;
    if (wanted.length === 0)
      return skipped({ code: 'platform-excluded', platform: formatPlatform(platforms.platform) });
    const parent = parentsOf(name, wanted, this.#inputs).find(
      (one) => this.decisions.get(one)?.action === 'skipped-platform',
    );
    return parent && skipped({ code: 'parent-skipped', parent });
  }

  #decided(name: ImageName, wanted: readonly Platform[]): Decision {
    const inputs = this.#inputs;
    return decideImage({
      reference: referenceOf(name, inputs),
      latestReference: `${inputs.registry}/${name}:${latest}`,
      wanted,
      keyOf: (platform) => inputs.keyOf(name, platform),
      basesOf: (platform) => this.#effective.of(name, platform),
      estimateOf: (platform) => inputs.estimateOf(name, platform),
      target: inputs.target,
      store: inputs.store,
      rebuild: inputs.rebuild && inputs.selection.selected.includes(name),
      ownersAreKept: (inputs.owners ?? ownersKept).areKept,
      losesOwners: (platform) => this.#losesOwners(name, platform),
    });
  }

  /** Its own steps would run where only root exists, or it has the layers of an image that has lost them. */
  #losesOwners(name: ImageName, platform: Platform): boolean {
    const { owners = ownersKept, runsSteps = () => false, taken = () => [] } = this.#inputs;
    if (!owners.areKept && owners.why !== undefined && runsSteps(name, platform)) return true;
    return taken(name, platform, 'here').some(([parent, wanted]) => {
      const planned = this.decisions.get(parent)?.platforms.find((one) => samePlatform(one.platform, wanted));
      return planned?.ownersLost === true;
    });
  }
}

function skipped(reason: PlanReason): Decision {
  return { action: 'skipped-platform', platforms: [], reasons: [reason] };
}

/** The images of the project that a build uses; where nobody told which, all that its Dockerfile names. */
function parentsOf(name: ImageName, wanted: readonly Platform[], { graph, taken }: PlanInputs): readonly ImageName[] {
  if (taken === undefined) return graph.parents.get(name) ?? [];
  return wanted.flatMap((platform) => taken(name, platform, 'here').map(([parent]) => parent));
}
