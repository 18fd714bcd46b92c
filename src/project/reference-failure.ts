import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Failure, FailureShape, SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import { firstOf, nameList } from './name-list.ts';
import type { PlacedText } from './placed-text.ts';
import type { NoticeShape } from './project.ts';

/** `${ REGISTRY }`, which no shell and no builder takes for a variable; `text` is what was written. */
export function blanksInVariable(text: string, at: SourceSpan) {
  return {
    reason: 'blanks-in-variable',
    message: `${text} is not a variable because it contains spaces`,
    hint: `write ${text.replace(/\s+/g, '')}`,
    at,
  } as const satisfies FailureShape;
}

/** A reference as written, and with its variables filled in. */
export interface ExpandedText extends PlacedText {
  readonly expanded: string;
}

/**
 * `unset`: at least one variable; `meant`: the one that was probably meant, if one has a similar name; `inStage`: one of
 * them is the ARG of a stage.
 */
export function unresolvableReference(
  { text, at }: PlacedText,
  unset: readonly string[],
  { meant, inStage }: { readonly meant: string | undefined; readonly inStage: boolean },
) {
  const names = unset.join(' and ');
  const example = `declare it with a default before the first FROM, for example: ARG ${unset[0]}=value`;
  const inStageHint = `FROM and --from can't see an ARG inside a stage: declare ${names} before the first FROM, with a default`;
  return {
    reason: 'unresolvable-reference',
    message: `${text} can't be resolved: ${names} ${unset.length === 1 ? 'is' : 'are'} not defined`,
    hint: inStage
      ? inStageHint
      : meant === undefined
        ? `${example}, or pass -- --build-arg ${unset[0]}=value`
        : `did you mean ${meant}?`,
    at,
  } as const satisfies FailureShape;
}

/** `why` is what `parseReference` found. */
export function invalidReference({ text, expanded, at }: ExpandedText, why: Failure) {
  const meaning = text === expanded ? '' : `, that is ${expanded},`;
  return {
    reason: 'invalid-reference',
    message: `${text}${meaning} does not name an image: ${why.message}`,
    hint: why.hint ?? 'write [registry/]repository[:tag][@digest]',
    at,
  } as const satisfies FailureShape;
}

/** `${REGISTRY}base:1.0.0`. */
export function slashMissing({ text, expanded, at }: ExpandedText) {
  return {
    reason: 'invalid-reference',
    message: `${text} does not name an image: a "/" is missing after the registry`,
    hint: `write ${expanded.replace(/^\$\{REGISTRY\}/, '${REGISTRY}/')}`,
    at,
  } as const satisfies FailureShape;
}

/** The reference starts with the project's registry but names no image of it; `suggestion` is the nearest name. */
export function unknownParent(
  { from, to, at }: Pick<NamedReference, 'from' | 'to' | 'at'>,
  suggestion: ImageName | undefined,
) {
  return {
    reason: 'unknown-parent',
    message: `${from} is built from ${to}, but this project has no image named ${to}`,
    hint:
      suggestion === undefined
        ? 'remove the reference or restore the image; if another registry has it, write its name instead of ${REGISTRY}'
        : `did you mean ${suggestion}? Otherwise remove the reference or restore the image`,
    at,
  } as const satisfies FailureShape;
}

/** A FROM or COPY `--from` names the image that this very Dockerfile makes, whatever the version. */
export function selfReference(name: ImageName, at: SourceSpan) {
  return {
    reason: 'self-reference',
    message: `${name} is built from itself`,
    hint: 'refer to another image, or to a stage of this Dockerfile by its name',
    at,
  } as const satisfies FailureShape;
}

/** `names` from a child to the parents, without the first one again at its end; `places` are those of the references. */
export function dependencyCycle(names: readonly ImageName[], places: readonly SourceSpan[]) {
  const circle = [...names, names[0]];
  return {
    reason: 'dependency-cycle',
    message: `${names.length} images are built from each other: ${circle.join(' → ')}`,
    hint: 'remove one of these references',
    details: places.map(
      ({ file, line, column }, index) =>
        `${file}:${line}:${column}: ${circle[index]} is built from ${circle[index + 1]}`,
    ),
    at: places[0],
  } as const satisfies FailureShape;
}

/**
 * The numbers of directories claim an order that the references contradict; a warning for people, since builds follow
 * references.
 */
export function prefixContradiction(child: string, parent: string, at: SourceSpan) {
  return {
    reason: 'prefix-contradiction',
    message: `${child} is built from ${parent}, but its number says that it comes first`,
    hint: `rename ${child} to a greater number than that of ${parent}`,
    at,
  } as const satisfies FailureShape;
}

/** `pairs`: not empty; the paths of contexts, each with the first place at which the child names the parent. */
export function equalPrefixes(
  pairs: readonly { readonly child: string; readonly parent: string; readonly at: SourceSpan }[],
) {
  const [{ child, parent, at }] = pairs as readonly [(typeof pairs)[number]];
  const isOne = pairs.length === 1;
  return {
    level: 'warning',
    reason: 'equal-prefix',
    message: isOne
      ? `${child} is built from ${parent}, but has the same number`
      : `${pairs.length} times an image has the same number as one that it is built from`,
    hint: `rename ${child} to a greater number than that of ${parent}${isOne ? '' : ', and the others alike'}`,
    ...(isOne ? {} : { details: firstOf(pairs.map((one) => `${one.child} is built from ${one.parent}`)) }),
    at,
  } as const satisfies NoticeShape;
}

/** `places`: not empty; each with the version that the project holds. */
export function withoutVersion(places: readonly (NamedReference & { readonly version: string })[]) {
  const [{ from, to, text, tag, version, at }] = places as readonly [(typeof places)[number]];
  const isOne = places.length === 1;
  const named = tag !== undefined && text.endsWith(`:${tag}`) ? text.slice(0, -tag.length - 1) : text;
  return {
    level: 'warning',
    reason: 'floating-reference',
    message: isOne
      ? `${from} names ${text} without a version, so nothing says when ${to} changes under it`
      : `${places.length} references to images of this project name no version`,
    hint: `write ${named}:${version}${isOne ? '' : ', and the others alike'}: cip cascade then raises it with ${to}`,
    ...(isOne
      ? {}
      : {
          details: firstOf(
            places.map((one) => `${one.at.file}:${one.at.line}:${one.at.column}: ${one.from} names ${one.text}`),
          ),
        }),
    at,
  } as const satisfies NoticeShape;
}

/** `files`: those that use the variable without declaring it. */
export function undeclaredRegistry(files: readonly string[], at: SourceSpan) {
  const who = files.length === 1 ? `${files[0]} uses` : `${files.length} Dockerfiles use`;
  return {
    level: 'notice',
    reason: 'undeclared-registry',
    message: `${who} REGISTRY without declaring it, which works in cip but not in docker build`,
    hint: 'add "ARG REGISTRY" before the first FROM if other tools build this too',
    ...(files.length > 1 && { details: firstOf(files) }),
    at,
  } as const satisfies NoticeShape;
}

/** `where`: Docker Hub, or the host of a registry on this machine; `namesake`: the image of this project. */
export function namesakeElsewhere(
  { text, at }: PlacedText,
  where: string,
  namesake: { readonly name: ImageName; readonly version: string },
) {
  return {
    level: 'warning',
    reason: 'namesake-elsewhere',
    message: `${text} is pulled from ${where}, but this project has an image named ${namesake.name}`,
    hint: `did you mean \${REGISTRY}/${namesake.name}:${namesake.version}?`,
    at,
  } as const satisfies NoticeShape;
}

/** `stages`: those that have a name like it, at least one. */
export function stageLikeImage(
  { text, expanded, at }: ExpandedText,
  stages: readonly string[],
  platform: Platform | undefined,
) {
  const where = platform === undefined ? '' : ` for ${formatPlatform(platform)}`;
  return {
    level: 'warning',
    reason: 'stage-like-image',
    message: `${text} is ${expanded}${where}, which is no stage above it and is pulled from Docker Hub`,
    hint: `add a stage ${expanded}${platform === undefined ? '' : `, or leave ${formatPlatform(platform)} out of :platforms`}; there ${stages.length === 1 ? 'is' : 'are'} ${nameList(stages)}`,
    at,
  } as const satisfies NoticeShape;
}

/** `meant`: the stage that has nearly that name. */
export function imageLikeStage(text: string, meant: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'image-like-stage',
    message: `--from=${text} is no stage above it, so it means the image ${text}`,
    hint: `did you mean the stage ${meant}?`,
    at,
  } as const satisfies NoticeShape;
}

/** A reference of one image to another. */
export interface NamedReference {
  readonly from: ImageName;
  readonly to: ImageName;
  readonly text: string;
  readonly tag?: string | undefined;
  readonly at: SourceSpan;
}

/** All references to one image by versions that the project no longer holds. */
export interface StaleReferences {
  readonly parent: ImageName;
  /** The version that the project holds. */
  readonly current: string;
  readonly children: readonly ImageName[];
  /** Tags among those named that are nowhere, so that nothing can be built from them. */
  readonly lost: readonly string[];
  /** More lines: the places where there are several, and where what is lost was looked for. */
  readonly details: readonly string[];
}

/** All references to other versions of one parent as one failure, because one `cip cascade` mends them. */
export function staleReferences({ parent, current, children, lost, details }: StaleReferences, at: SourceSpan) {
  const gone = lost.length === 0 ? '' : `, and ${parent} ${nameList(lost)} cannot be found`;
  return {
    reason: 'stale-reference',
    message: `this project has ${parent} ${current}, but ${nameList(children)} still ${children.length === 1 ? 'names' : 'name'} another version of it${gone}`,
    hint: 'run cip cascade, which updates every reference',
    ...(details.length > 0 && { details }),
    subject: parent,
    at,
  } as const satisfies FailureShape;
}

/** `current`: the version that the project holds. */
export function newerReference({ from, to, tag = '', text, at }: NamedReference, current: string) {
  const repository = text.endsWith(`:${tag}`) ? text.slice(0, -tag.length - 1) : to;
  return {
    reason: 'reference-newer-than-parent',
    message: `${from} needs ${to} ${tag}, but this project has ${current}`,
    hint: `change it to ${repository}:${current}, or raise ${to} to ${tag}`,
    at,
  } as const satisfies FailureShape;
}
