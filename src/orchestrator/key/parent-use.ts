import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import { isFollowed } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Context } from '../../project/project.ts';
import type { UsedParent } from './needed-platforms.ts';
import { stagePlatforms } from './stage-platforms.ts';

/** The graph, and which stages of each image a build goes through. */
export interface ParentUseInputs {
  readonly graph: DependencyGraph;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Numbers of the stages that a build for the platform is made of. */
  readonly stagesOf: (image: ImageName, platform: Platform) => ReadonlySet<number>;
}

/** Which images of the project builds use, told from the graph alone. */
export class ParentUse {
  readonly #inputs: ParentUseInputs;
  readonly #edges: ReadonlyMap<ImageName, readonly Edge[]>;

  constructor(inputs: ParentUseInputs) {
    this.#inputs = inputs;
    this.#edges = edgesByImage(inputs.graph);
  }

  /**
   * The images of the project whose content, as the project holds it, a build uses, with the platform that each is used
   * for: on `machine`, or on any that may build. Each pair once, with the first reference that says so, its own triggers last.
   */
  images(image: ImageName, platform: Platform, machine?: Platform): readonly UsedParent[] {
    const context = this.#inputs.graph.project.contexts.get(image)!;
    const all = this.edges(image, platform).flatMap((edge) =>
      this.platformsOf(edge.stage, context, { platform, machine }).map((wanted): UsedParent => [edge.to, wanted, edge]),
    );
    const first = new Map<string, UsedParent>();
    for (const one of all) {
      const id = `${one[0]} ${formatPlatform(one[1])}`;
      const known = first.get(id);
      if (known === undefined || (isHandedOn(known[2], image) && !isHandedOn(one[2], image))) first.set(id, one);
    }
    return [...first.values()];
  }

  /**
   * The references that a build for the platform follows, each with its stage of the image: its own, and those in the
   * triggers of the images that its stages start from.
   */
  edges(image: ImageName, platform: Platform): readonly Edge[] {
    const { graph, stagesOf } = this.#inputs;
    const { contexts } = graph.project;
    const needed = stagesOf(image, platform);
    const isTaken = (edge: Edge) => isFollowed(edge, contexts.get(edge.to)?.version);
    const own = (this.#edges.get(image) ?? []).filter((edge) => needed.has(edge.stage) && isTaken(edge));
    const ofTriggers = own
      .filter(({ kind }) => kind === 'from')
      .flatMap(({ to, stage }) =>
        (this.#edges.get(to) ?? [])
          .filter((edge) => isTaken(edge) && isInTrigger(edge, contexts.get(to)!))
          .map((edge) => ({ ...edge, stage })),
      );
    return [...own, ...ofTriggers];
  }

  /** For which platforms a stage takes images: on one machine, or on any that may build. */
  platformsOf(
    stage: number,
    { dockerfile, dockerfileText }: Context,
    on: { readonly platform: Platform; readonly machine?: Platform | undefined },
  ): readonly Platform[] {
    return stagePlatforms(stage, { dockerfile, dockerfileText, buildArgs: this.#inputs.buildArgs, ...on });
  }
}

/** The references of each image that has any, in the order of the graph. */
export function edgesByImage({ edges }: DependencyGraph): ReadonlyMap<ImageName, readonly Edge[]> {
  const byImage = new Map<ImageName, Edge[]>();
  for (const edge of edges) {
    const own = byImage.get(edge.from);
    if (own === undefined) byImage.set(edge.from, [edge]);
    else own.push(edge);
  }
  return byImage;
}

/** Whether a reference is in a trigger that the image only hands on: its own build does not use it. */
export function isHandedOn({ kind, from }: Edge, image: ImageName): boolean {
  return kind === 'onbuild' && from === image;
}

function isInTrigger({ stage, at }: Edge, { dockerfile }: Context): boolean {
  return dockerfile.stages[stage]!.instructions.some(
    (one) => one.keyword === 'ONBUILD' && at.offset >= one.at.offset && at.offset < one.at.offset + one.at.length,
  );
}
