import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import { isFollowed } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { UsedParentsOf } from '../key/needed-platforms.ts';
import type { KnownBases } from '../state/base-images.ts';
import { type Bases, basesOf, noBases, otherPlatform } from '../state/bases.ts';
import type { Decision } from './decide-image.ts';

/** The graph and the digests of external images, as far as they are known. */
export interface EffectiveBasesInputs {
  readonly graph: DependencyGraph;
  readonly bases: KnownBases;
  readonly taken?: UsedParentsOf | undefined;
}

/**
 * What images would be built on now: their own external images, and what their parents will really be built on when the
 * plan has run. A parent that is made anew counts with what it is made on, one that is left alone with what it
 * was. `decisions` grows as decisions are made, parents first.
 */
export class EffectiveBases {
  readonly #graph: DependencyGraph;
  readonly #known: KnownBases;
  readonly #taken: UsedParentsOf;
  readonly #decisions: ReadonlyMap<ImageName, Decision>;
  readonly #computed = new Map<string, Bases | undefined>();

  constructor({ graph, bases, taken }: EffectiveBasesInputs, decisions: ReadonlyMap<ImageName, Decision>) {
    this.#graph = graph;
    this.#known = bases;
    this.#taken = taken ?? (() => []);
    this.#decisions = decisions;
  }

  /** Undefined where it is not known what one of the external images is now. */
  of(image: ImageName, platform: Platform): Bases | undefined {
    const id = `${image} ${formatPlatform(platform)}`;
    if (!this.#computed.has(id)) this.#computed.set(id, this.#compute(image, platform));
    return this.#computed.get(id);
  }

  #compute(image: ImageName, platform: Platform): Bases | undefined {
    const own = this.#known.own(image, platform);
    if (own === undefined) return undefined;
    const list = { ...own };
    for (const parent of this.#followed(image)) {
      const digest = this.#ofParent(parent, platform);
      if (digest === undefined) return undefined;
      if (digest !== noBases.digest) list[parent] = digest;
    }
    // A stage may take a parent for another platform, whose bases count where they are others: on every machine alike.
    for (const [parent, wanted] of this.#taken(image, platform, 'anywhere')) {
      if (samePlatform(wanted, platform)) continue;
      const digest = this.#ofParent(parent, wanted);
      const isAnother = digest !== undefined && digest !== noBases.digest && digest !== list[parent];
      if (isAnother) list[otherPlatform(parent, wanted)] = digest;
    }
    return basesOf(list);
  }

  #ofParent(parent: ImageName, platform: Platform): Digest | undefined {
    const decision = this.#decisions.get(parent);
    // Its key says nothing about these bytes, so that they stand for themselves.
    if (decision?.unverified !== undefined) return decision.unverified;
    const planned = decision?.platforms.find((one) => samePlatform(one.platform, platform));
    if (planned === undefined) return this.of(parent, platform)?.digest;
    if (planned.bases !== undefined) return planned.bases.digest;
    // Left alone, and nobody wrote down what it was built on: it says nothing, until it is made anew.
    return planned.source.from === 'tag' || planned.source.from === 'nowhere' ? noBases.digest : undefined;
  }

  #followed(image: ImageName): readonly ImageName[] {
    const { edges, project } = this.#graph;
    const followed = edges.filter(
      (edge) => edge.from === image && isFollowed(edge, project.contexts.get(edge.to)?.version),
    );
    return [...new Set(followed.map(({ to }) => to))];
  }
}
