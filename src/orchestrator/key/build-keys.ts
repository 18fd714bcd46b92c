import type { CountedInputs } from '../../context/counted-inputs.ts';
import type { ContextListing } from '../../context/decide-context.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { contextArguments } from '../../project/context-arguments.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import { buildKey, type KeyParts, readingsOf } from './build-key.ts';
import type { BuildTargets } from './build-targets.ts';
import type { DecidedContexts } from './decided-contexts.ts';
import type { Readings } from './instruction-changes.ts';
import type { UsedParent } from './needed-platforms.ts';
import { edgesByImage, ParentUse } from './parent-use.ts';

/** A key, what it is made of, and the context it was computed from. */
export interface ComputedKey {
  readonly key: Digest;
  readonly parts: KeyParts;
  readonly listing: ContextListing;
  readonly readings: () => Readings;
}

/** What keys are computed from when they are first asked for. */
export interface BuildKeysInputs {
  readonly graph: DependencyGraph;
  /** Of every image that is asked about, and of all its ancestors. */
  readonly contexts: DecidedContexts;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets?: BuildTargets | undefined;
  /** As `KeyInputs` has them: for all images. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** The keys of a project's images, each computed when it is first asked for. */
export class BuildKeys {
  readonly #inputs: BuildKeysInputs;
  readonly #edges: ReadonlyMap<ImageName, readonly Edge[]>;
  readonly #parentUse: ParentUse;
  readonly #computed = new Map<string, ComputedKey>();
  readonly #counted = new Map<string, Pick<CountedInputs, 'args' | 'triggers'>>();

  constructor(inputs: BuildKeysInputs) {
    this.#inputs = inputs;
    const { graph, contexts, buildArgs } = inputs;
    this.#edges = edgesByImage(graph);
    this.#parentUse = new ParentUse({
      graph,
      buildArgs,
      stagesOf: (image, platform) => contexts.stages(image, platform),
    });
  }

  keyOf(image: ImageName, platform: Platform): Digest {
    return this.computed(image, platform).key;
  }

  computed(image: ImageName, platform: Platform): ComputedKey {
    const id = `${image} ${formatPlatform(platform)}`;
    const known = this.#computed.get(id) ?? this.#compute(image, platform);
    this.#computed.set(id, known);
    return known;
  }

  /** Build arguments and ONBUILD triggers that the key covers, by the keys of its parents too. */
  counted(image: ImageName, platform: Platform): Pick<CountedInputs, 'args' | 'triggers'> {
    const id = `${image} ${formatPlatform(platform)}`;
    const known = this.#counted.get(id) ?? this.#countedIn(image, platform);
    this.#counted.set(id, known);
    return known;
  }

  /** As `ParentUse` says. */
  taken(image: ImageName, platform: Platform, machine?: Platform): readonly UsedParent[] {
    return this.#parentUse.images(image, platform, machine);
  }

  /** As `ParentUse` says. */
  takenBy(image: ImageName, platform: Platform): readonly Edge[] {
    return this.#parentUse.edges(image, platform);
  }

  #countedIn(image: ImageName, platform: Platform): Pick<CountedInputs, 'args' | 'triggers'> {
    const { graph, contexts } = this.#inputs;
    const needed = contexts.stages(image, platform);
    const triggers = graph.project.contexts
      .get(image)!
      .dockerfile.stages.filter(({ index }) => needed.has(index))
      .flatMap(({ instructions }) => instructions)
      .flatMap((instruction) => (instruction.keyword === 'ONBUILD' ? [instruction.trigger] : []));
    const args = Object.keys(this.computed(image, platform).parts.args);
    const below = this.taken(image, platform).map(([parent, wanted]) => this.counted(parent, wanted));
    return {
      args: [...new Set([...args, ...below.flatMap((one) => one.args)])],
      triggers: [...new Set([...triggers, ...below.flatMap((one) => one.triggers)])],
    };
  }

  /** Depth first: as deep as the graph has levels. */
  #compute(image: ImageName, platform: Platform): ComputedKey {
    const { graph, contexts, buildArgs, targets, options } = this.#inputs;
    const context = graph.project.contexts.get(image)!;
    const listing = contexts.listing(image, platform);
    const edges = this.#edges.get(image) ?? [];
    const stages = contexts.stages(image, platform);
    const parents = (graph.parents.get(image) ?? []).map((parent) => {
      const { version, dockerfile } = graph.project.contexts.get(parent)!;
      const keys = edges
        .filter(({ to, stage }) => to === parent && stages.has(stage))
        .flatMap(({ stage }) => this.#parentUse.platformsOf(stage, context, { platform }))
        .map((wanted) => [formatPlatform(wanted), this.keyOf(parent, wanted)] as const);
      return [parent, { version, dockerfile, keys: new Map(keys) }] as const;
    });
    const inputs = {
      context,
      edges,
      platform: formatPlatform(platform),
      target: targets?.get(image),
      listing,
      stages,
      buildArgs: contextArguments(context, buildArgs),
      parents: new Map(parents),
      options,
    };
    return { ...buildKey(inputs), listing, readings: () => readingsOf(inputs) };
  }
}
