import { globalValues } from '../../context/global-values.ts';
import type { Dockerfile, Instruction, Stage } from '../../dockerfile/dockerfile.ts';
import { findStage, stagesNeededBy, triggersIn } from '../../dockerfile/stages.ts';
import type { Platform } from '../../oci/platform.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import { contextArguments } from '../../project/context-arguments.ts';
import type { Edge } from '../../project/edge.ts';
import { isFollowed } from '../../project/edge.ts';
import { expandIn, type GlobalScope } from '../../project/global-scope.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Context } from '../../project/project.ts';
import { type ImageReference, imageReferences, referencesOfTriggers } from '../../project/references.ts';
import type { SourceSpan } from '../../result.ts';
import { buildPlatforms } from './build-platforms.ts';

/** An image that the project does not build, as a Dockerfile names it for one platform. */
export interface ExternalImage {
  /** With variables filled in, otherwise as written: what the builder asks for. */
  readonly text: string;
  readonly reference: Reference;
  /** Where it is named first. */
  readonly at: SourceSpan;
}

/** A fixed version of an image of the project that is not the one the project holds. */
export interface OlderParent extends ExternalImage {
  readonly edge: Edge;
}

/** What the last stage stands on. */
export interface NearestBase {
  readonly text: string;
  readonly reference: Reference;
  /** The image of the project that it is, at the version the project holds. */
  readonly parent?: ImageName | undefined;
}

/** The images that a build needs and the project does not build, with the base that it stands on. */
export interface ImagesUsed {
  /** In the order written, without repeats. Only those of stages that the target needs. */
  readonly external: readonly ExternalImage[];
  /** What a forgotten cascade leaves: it never changes, so that no key has it, but it has to be somewhere. */
  readonly older: readonly OlderParent[];
  /** Absent for `scratch`. */
  readonly base?: NearestBase | undefined;
}

/** One image for one platform, and what is known of its parents. */
export interface ImagesUsedInputs {
  readonly context: Context;
  /** The edges of the graph that start at it. */
  readonly edges: readonly Edge[];
  readonly platform: Platform;
  readonly target?: string | undefined;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly versionOf: (parent: ImageName) => string | undefined;
  /** What a parent hands on to those that are built from it. */
  readonly triggersOf: (parent: ImageName) => Triggers;
}

/** Instructions that run in another stage than they are written in. */
export interface Triggers {
  readonly instructions: readonly Instruction[];
  /** The edges of the graph among which those are that they name. */
  readonly edges: readonly Edge[];
}

/**
 * The images from elsewhere that an image is built from: by FROM, COPY --from and RUN --mount, those of triggers too that
 * run in its stages. Its own triggers run in those that are built from it, and name nothing for itself. A reference to the
 * project that names no version of it, such as `${REGISTRY}/base:stable`, names what is made elsewhere and counts; a
 * version that is not the one the project holds never changes, and does not. What a Dockerfile names for any machine that
 * may build counts, so that the answer is the same on all of them.
 */
export function imagesUsed(inputs: ImagesUsedInputs): ImagesUsed {
  const { dockerfile, dockerfileText } = inputs.context;
  const target = findStage(dockerfile, inputs.target);
  // What cannot be found has failed where the graph was made, or fails where it is built.
  if (!target.ok) return { external: [], older: [] };
  const scopes = buildPlatforms(dockerfileText).map((machine) => scopeFor(machine, target.value, inputs));
  const named = scopes.flatMap((scope) => imagesIn(scope, target.value, inputs));
  const bases = scopes.map((scope) => nearestBase(target.value, scope, inputs));
  const isOne = bases.every((base) => base?.text === bases[0]?.text);
  return {
    external: distinct(named.filter(({ edge }) => edge === undefined || isMadeElsewhere(edge, inputs))),
    older: distinct(named.flatMap((image) => (isOlder(image, inputs) ? [image] : []))),
    base: isOne ? bases[0] : undefined,
  };
}

function distinct<I extends ExternalImage>(images: readonly I[]): readonly I[] {
  const byText = new Map<string, I>();
  for (const image of images) if (!byText.has(image.text)) byText.set(image.text, image);
  return [...byText.values()];
}

/** What variables are worth where `machine` builds, as the engine fills them in. */
function scopeFor(machine: Platform, target: Stage, inputs: ImagesUsedInputs): GlobalScope {
  const { context, platform } = inputs;
  const buildArgs = contextArguments(context, inputs.buildArgs);
  const { dockerfile } = context;
  const targetStage = inputs.target === undefined ? undefined : (target.name ?? `${target.index}`);
  const { values, budget } = globalValues({ dockerfile, platform, buildPlatform: machine, buildArgs, targetStage });
  const given = { buildArgs, registry: buildArgs['REGISTRY'] ?? '', platform };
  return { dockerfile, given, values, budget };
}

type NamedImage = ExternalImage & { readonly edge?: Edge | undefined };

/** All that is named in the stages that the target needs, with the edge of the graph that it is, if it is one. */
function imagesIn(scope: GlobalScope, target: Stage, inputs: ImagesUsedInputs): readonly NamedImage[] {
  const stages = stagesFor(target, scope, inputs);
  const needed = new Set(stages.map(({ index }) => index));
  const own = imageReferences([scope], []).references.filter(
    ({ kind, stage }) => kind !== 'onbuild' && needed.has(stage),
  );
  const ofTriggers = stages.flatMap((stage) => {
    const { instructions, edges } = triggersRunIn(stage, scope, inputs);
    // Those of its own, too, that only this image can tell.
    const all = [...edges, ...inputs.edges.filter((edge) => edge.trigger !== undefined && edge.stage === stage.index)];
    return referencesOfTriggers(instructions, stage.index, scope).flatMap((one) => namedImage(one, all));
  });
  return [...own.flatMap((one) => namedImage(one, inputs.edges)), ...ofTriggers];
}

function namedImage({ expanded: text, at }: ImageReference, edges: readonly Edge[]): readonly NamedImage[] {
  const reference = parseReference(text);
  if (!reference.ok) return [];
  const edge = edges.find((one) => (one.trigger ?? one.at).offset === at.offset && names(one, text));
  return [{ text, reference: reference.value, at, edge }];
}

function stagesFor(target: Stage, scope: GlobalScope, inputs: ImagesUsedInputs): readonly Stage[] {
  const needed = stagesNeededBy(scope.dockerfile, target, {
    resolve: (text) => expanded(text, scope),
    handedOn: (stage) => triggersRunIn(stage, scope, inputs).instructions,
  });
  return needed.ok ? needed.value : scope.dockerfile.stages;
}

/** The triggers of the stage or of the parent that a stage starts from. */
function triggersRunIn(stage: Stage, scope: GlobalScope, inputs: ImagesUsedInputs): Triggers {
  const text = expanded(stage.from.image, scope);
  const above = stageNamed(text, stage.index, scope.dockerfile);
  if (above !== undefined) return { instructions: triggersIn(above), edges: inputs.edges };
  const parent = text === undefined ? undefined : parentNamed(text, stage, inputs);
  return parent === undefined ? { instructions: [], edges: [] } : inputs.triggersOf(parent);
}

/** One place names several images where it depends on the platform. */
function names({ to, tag, digest }: Edge, text: string): boolean {
  return text.endsWith(`/${to}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`);
}

function isMadeElsewhere(edge: Edge, { versionOf }: ImagesUsedInputs): boolean {
  const { kind } = edge.pin;
  return (
    (kind === 'floating' || kind === 'unknown') && edge.digest === undefined && !isFollowed(edge, versionOf(edge.to))
  );
}

function isOlder(image: NamedImage, { versionOf }: ImagesUsedInputs): image is OlderParent {
  const { edge } = image;
  return edge?.pin.kind === 'version' && edge.digest === undefined && edge.pin.version !== versionOf(edge.to);
}

/** Through the stages that the target is built on. */
function nearestBase(target: Stage, scope: GlobalScope, inputs: ImagesUsedInputs): NearestBase | undefined {
  const stage = lowestStage(target, scope);
  const text = expanded(stage.from.image, scope);
  const reference = text === undefined || text === 'scratch' ? undefined : parseReference(text);
  if (text === undefined || !reference?.ok) return undefined;
  const parent = parentNamed(text, stage, inputs);
  return { text, reference: reference.value, ...(parent !== undefined && { parent }) };
}

/** The image of the project, at the version that it holds, that FROM names. */
function parentNamed(text: string, { index, from }: Stage, inputs: ImagesUsedInputs): ImageName | undefined {
  return inputs.edges.find(
    (one) =>
      one.stage === index &&
      one.at.offset === from.imageAt.offset &&
      names(one, text) &&
      isFollowed(one, inputs.versionOf(one.to)),
  )?.to;
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
