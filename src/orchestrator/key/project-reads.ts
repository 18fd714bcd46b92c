import {
  type ContextReads,
  type ContextReadsInputs,
  contextReads,
  handedOn,
  type KnownImage,
  readsTogether,
} from '../../context/context-reads.ts';
import type { Stage } from '../../dockerfile/dockerfile.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { contextArguments } from '../../project/context-arguments.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import { isFollowed } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import { buildPlatforms } from './build-platforms.ts';
import type { BuildTargets } from './build-targets.ts';

/** What decides, for all images of a project, which parts of their contexts are read. */
export interface ProjectReadsInputs {
  readonly graph: DependencyGraph;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets?: BuildTargets | undefined;
}

/** What the builds of a project's images take from their contexts, as their Dockerfiles and those of their parents say. */
export class ProjectReads {
  readonly #inputs: ProjectReadsInputs;
  readonly #reads = new Map<string, ContextReads>();
  readonly #images = new Map<string, KnownImage>();

  constructor(inputs: ProjectReadsInputs) {
    this.#inputs = inputs;
  }

  /** The same on every machine: where the machine that builds makes a difference, what any of them takes. */
  of(image: ImageName, platform: Platform): ContextReads {
    const id = `${image} ${formatPlatform(platform)}`;
    const known = this.#reads.get(id);
    if (known !== undefined) return known;
    const { dockerfileText } = this.#inputs.graph.project.contexts.get(image)!;
    const all = buildPlatforms(dockerfileText).map((build) => contextReads(this.#inputsFor(image, platform, build)));
    const together = readsTogether(all);
    this.#reads.set(id, together);
    return together;
  }

  #inputsFor(image: ImageName, platform: Platform, buildPlatform: Platform): ContextReadsInputs {
    const { graph, buildArgs, targets } = this.#inputs;
    const context = graph.project.contexts.get(image)!;
    return {
      dockerfile: context.dockerfile,
      target: targets?.get(image),
      platform,
      buildPlatform,
      buildArgs: contextArguments(context, buildArgs),
      imageOf: (stage, reference, wanted) =>
        this.#imageOf(image, stage, { reference, platform: wanted, buildPlatform }),
    };
  }

  /** undefined for what is not the content that the project holds now. */
  #imageOf(
    child: ImageName,
    stage: Stage,
    wanted: { readonly reference: string; readonly platform: Platform; readonly buildPlatform: Platform },
  ): KnownImage | undefined {
    const { graph } = this.#inputs;
    const { reference, platform, buildPlatform } = wanted;
    const edge = graph.edges.find(
      ({ from, kind, stage: index, to, tag }) =>
        from === child &&
        kind === 'from' &&
        index === stage.index &&
        reference.endsWith(`/${to}${tag === undefined ? '' : `:${tag}`}`),
    );
    if (edge === undefined || !isFollowed(edge, graph.project.contexts.get(edge.to)!.version)) return undefined;
    const id = `${edge.to} ${formatPlatform(platform)} ${formatPlatform(buildPlatform)}`;
    const known = this.#images.get(id) ?? handedOn(this.#inputsFor(edge.to, platform, buildPlatform));
    this.#images.set(id, known);
    return known;
  }
}
