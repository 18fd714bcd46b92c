import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import { findStage, stagesNeededBy } from '../dockerfile/stages.ts';
import type { Platform } from '../oci/platform.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { Edge } from '../project/edge.ts';
import { expandIn, type GlobalScope, globalScope } from '../project/global-scope.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Context } from '../project/project.ts';
import { imageReferences } from '../project/references.ts';
import { isFollowed } from './followed-edge.ts';

/** An image that the project does not build, as a Dockerfile names it for one platform. */
export interface ExternalImage {
  /** With variables filled in, otherwise as written: what the builder asks for. */
  readonly text: string;
  readonly reference: Reference;
}

/** What the last stage stands on. */
export interface NearestBase {
  readonly text: string;
  readonly reference: Reference;
  /** The image of the project that it is, at the version the project holds. */
  readonly parent?: ImageName | undefined;
}

export interface ImagesUsed {
  /** In the order written, without repeats. Only those of stages that the target needs. */
  readonly external: readonly ExternalImage[];
  /** Absent for `scratch`. */
  readonly base?: NearestBase | undefined;
}

export interface ImagesUsedInputs {
  readonly context: Context;
  /** The edges of the graph that start at it. */
  readonly edges: readonly Edge[];
  readonly platform: Platform;
  readonly target?: string | undefined;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly versionOf: (parent: ImageName) => string | undefined;
}

/**
 * The images from elsewhere that an image is built from: by FROM, COPY --from and RUN --mount, those of its triggers
 * too. A reference to the project that names no version of it, such as `${REGISTRY}/base:stable`, names what is made
 * elsewhere and counts; a version that is not the one the project holds never changes, and does not.
 */
export function imagesUsed(inputs: ImagesUsedInputs): ImagesUsed {
  const { dockerfile } = inputs.context;
  const registry = inputs.buildArgs['REGISTRY'] ?? '';
  const scope = globalScope(dockerfile, { buildArgs: inputs.buildArgs, registry, platform: inputs.platform });
  const target = findStage(dockerfile, inputs.target);
  // What cannot be expanded or found has failed where the graph was made, or fails where it is built.
  if (!scope.ok || !target.ok) return { external: [] };
  const needed = new Set(stagesFor(target.value, scope.value).map(({ index }) => index));
  const external = new Map<string, ExternalImage>();
  for (const { expanded, stage, at } of imageReferences([scope.value], []).references) {
    const reference = parseReference(expanded);
    if (!needed.has(stage) || !reference.ok) continue;
    const edge = inputs.edges.find((one) => one.stage === stage && one.at.offset === at.offset && names(one, expanded));
    if (edge === undefined || isMadeElsewhere(edge, inputs.versionOf(edge.to))) {
      external.set(expanded, { text: expanded, reference: reference.value });
    }
  }
  return { external: [...external.values()], base: nearestBase(target.value, scope.value, inputs) };
}

function stagesFor(target: Stage, scope: GlobalScope): readonly Stage[] {
  const needed = stagesNeededBy(scope.dockerfile, target, (text) => expanded(text, scope));
  return needed.ok ? needed.value : scope.dockerfile.stages;
}

/** One place names several images where it depends on the platform. */
function names({ to, tag, digest }: Edge, text: string): boolean {
  return text.endsWith(`/${to}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`);
}

function isMadeElsewhere(edge: Edge, version: string | undefined): boolean {
  const { kind } = edge.pin;
  return (kind === 'floating' || kind === 'unknown') && edge.digest === undefined && !isFollowed(edge, version);
}

/** Through the stages that the target is built on. */
function nearestBase(target: Stage, scope: GlobalScope, inputs: ImagesUsedInputs): NearestBase | undefined {
  const stage = lowestStage(target, scope);
  const text = expanded(stage.from.image, scope);
  const reference = text === undefined || text === 'scratch' ? undefined : parseReference(text);
  if (text === undefined || !reference?.ok) return undefined;
  const edge = inputs.edges.find(
    (one) =>
      one.stage === stage.index &&
      one.at.offset === stage.from.imageAt.offset &&
      names(one, text) &&
      isFollowed(one, inputs.versionOf(one.to)),
  );
  return { text, reference: reference.value, ...(edge !== undefined && { parent: edge.to }) };
}

function lowestStage(stage: Stage, scope: GlobalScope): Stage {
  const below = stageNamed(expanded(stage.from.image, scope), stage.index, scope.dockerfile);
  return below === undefined ? stage : lowestStage(below, scope);
}

function stageNamed(name: string | undefined, before: number, { stages }: Dockerfile): Stage | undefined {
  const folded = name?.toLowerCase();
  return stages.findLast((stage) => stage.index < before && stage.name === folded && folded !== undefined);
}

function expanded(text: string, scope: GlobalScope): string | undefined {
  const word = expandIn(scope, text);
  return word.ok ? word.value.value : undefined;
}
