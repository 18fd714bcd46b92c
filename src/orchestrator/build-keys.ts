import type { Digest } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import type { Edge } from '../project/edge.ts';
import type { ImageName } from '../project/image-name.ts';
import { buildKey, type KeyParts } from './build-key.ts';
import type { ContextListing } from './context-digest.ts';

/** A key, what it is made of, and the context it was computed from. */
export interface ComputedKey {
  readonly key: Digest;
  readonly parts: KeyParts;
  readonly listing: ContextListing;
}

export interface BuildKeysInputs {
  readonly graph: DependencyGraph;
  /** Of every image that is asked about, and of all its ancestors. */
  readonly listings: ReadonlyMap<ImageName, ContextListing>;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The stage to build; the last if not given. */
  readonly target?: string | undefined;
}

/** The keys of a project's images, each computed when it is first asked for. */
export class BuildKeys {
  readonly #inputs: BuildKeysInputs;
  readonly #edges: ReadonlyMap<ImageName, readonly Edge[]>;
  readonly #computed = new Map<string, ComputedKey>();

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

  /** Depth first: as deep as the graph has levels. */
  #compute(image: ImageName, platform: Platform): ComputedKey {
    const { graph, listings, buildArgs, target } = this.#inputs;
    const { contexts } = graph.project;
    const listing = listings.get(image);
    if (listing === undefined) throw new Error(`the context of ${image} was not hashed`);
    const parents = (graph.parents.get(image) ?? []).map(
      (parent) => [parent, { version: contexts.get(parent)!.version, key: this.keyOf(parent, platform) }] as const,
    );
    return {
      ...buildKey({
        context: contexts.get(image)!,
        edges: this.#edges.get(image) ?? [],
        platform: formatPlatform(platform),
        target,
        listing,
        buildArgs,
        parents: new Map(parents),
      }),
      listing,
    };
  }
}
