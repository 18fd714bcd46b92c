import type { CountedInputs } from '../context/counted-inputs.ts';
import type { ContextListing } from '../context/decide-context.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import type { Edge } from '../project/edge.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Context } from '../project/project.ts';
import { buildKey, type KeyParts } from './build-key.ts';
import type { BuildTargets } from './build-targets.ts';
import type { DecidedContexts } from './decided-contexts.ts';
import { isFollowed } from './followed-edge.ts';
import { stagePlatforms } from './stage-platforms.ts';

/** A key, what it is made of, and the context it was computed from. */
export interface ComputedKey {
  readonly key: Digest;
  readonly parts: KeyParts;
  readonly listing: ContextListing;
}

export interface BuildKeysInputs {
  readonly graph: DependencyGraph;
  /** Of every image that is asked about, and of all its ancestors. */
  readonly contexts: DecidedContexts;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets?: BuildTargets | undefined;
}

/** The keys of a project's images, each computed when it is first asked for. */
export class BuildKeys {
  readonly #inputs: BuildKeysInputs;
  readonly #edges: ReadonlyMap<ImageName, readonly Edge[]>;
  readonly #computed = new Map<string, ComputedKey>();
  readonly #counted = new Map<string, Pick<CountedInputs, 'args' | 'triggers'>>();

  constructor(inputs: BuildKeysInputs) {
    this.#inputs = inputs;
    const edges = new Map<ImageName, Edge[]>();
    for (const edge of inputs.graph.edges) edges.set(edge.from, [...(edges.get(edge.from) ?? []), edge]);
    this.#edges = edges;
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

  /**
   * The images of the project whose content, as the project holds it, the image is built from, with the platform that
   * they are taken for: on `machine`, or on any that may build.
   */
  taken(image: ImageName, platform: Platform, machine?: Platform): readonly (readonly [ImageName, Platform])[] {
    const { contexts } = this.#inputs.graph.project;
    const needed = this.#inputs.contexts.stages(image, platform);
    const followed = (this.#edges.get(image) ?? []).filter(
      (edge) => needed.has(edge.stage) && isFollowed(edge, contexts.get(edge.to)?.version),
    );
    return [...new Set(followed.map(({ to }) => to))].flatMap((parent) =>
      this.#platformsOf(parent, contexts.get(image)!, platform, machine).map((wanted) => [parent, wanted] as const),
    );
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
    const { graph, contexts, buildArgs, targets } = this.#inputs;
    const context = graph.project.contexts.get(image)!;
    const listing = contexts.listing(image, platform);
    const parents = (graph.parents.get(image) ?? []).map((parent) => {
      const { version } = graph.project.contexts.get(parent)!;
      const keys = this.#platformsOf(parent, context, platform).map(
        (wanted) => [formatPlatform(wanted), this.keyOf(parent, wanted)] as const,
      );
      return [parent, { version, keys: new Map(keys) }] as const;
    });
    return {
      ...buildKey({
        context,
        edges: this.#edges.get(image) ?? [],
        platform: formatPlatform(platform),
        target: targets?.get(image),
        listing,
        stages: contexts.stages(image, platform),
        buildArgs,
        parents: new Map(parents),
      }),
      listing,
    };
  }

  /** For which platforms the stages of an image take a parent: on one machine, or on any that may build. */
  #platformsOf(parent: ImageName, context: Context, platform: Platform, machine?: Platform): readonly Platform[] {
    const { buildArgs, contexts } = this.#inputs;
    const { dockerfile, dockerfileText } = context;
    const needed = contexts.stages(context.name, platform);
    const edges = (this.#edges.get(context.name) ?? []).filter(({ to, stage }) => to === parent && needed.has(stage));
    const all = [...new Set(edges.map(({ stage }) => stage))].flatMap((stage) =>
      stagePlatforms(stage, { dockerfile, dockerfileText, platform, buildArgs, machine }),
    );
    return [...new Map(all.map((one) => [formatPlatform(one), one])).values()];
  }
}
