import type { SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import { latest } from './latest.ts';
import { type Pin, pinOf } from './pin.ts';
import type { Context } from './project.ts';
import type { ImageReference, ReferenceKind } from './references.ts';
import { writtenAt } from './written-at.ts';

/** One reference of a Dockerfile to another image of the project. */
export interface Edge {
  /** The image whose Dockerfile it is. */
  readonly from: ImageName;
  /** The image it needs. */
  readonly to: ImageName;
  readonly kind: ReferenceKind;
  /** The stage it is in, counted from 0. */
  readonly stage: number;
  /** As written: `${REGISTRY}/base:1.2.3`. */
  readonly text: string;
  readonly at: SourceSpan;
  /** After expansion, where it names a registry instead of `${REGISTRY}`: `localhost:5000/base:1.2.3`. */
  readonly named?: string | undefined;
  /** After expansion: `1.2.3`, `latest`, `1.2.3-slim`. Absent without a tag. */
  readonly tag?: string | undefined;
  /** After expansion: `sha256:…`. */
  readonly digest?: string | undefined;
  /** What the tag says about the version. */
  readonly pin: Pin;
  /**
   * Covers just the characters of the version (no suffix of a variant), here or in the default of the ARG they come
   * from. Absent where they are not written in one piece, or the tag names no version.
   */
  readonly versionAt?: SourceSpan | undefined;
  /** The global ARG whose default holds `versionAt`. */
  readonly argument?: string | undefined;
  /**
   * Of what a trigger of another image names and only this one can tell: where that is written, in the Dockerfile of the
   * other. `at` is the FROM that runs it.
   */
  readonly trigger?: SourceSpan | undefined;
  /** Covers the digest with its `@`. Absent without a digest or where it is not written in one piece. */
  readonly digestAt?: SourceSpan | undefined;
}

/** The edge that a reference of `child` to `parent` makes. */
export function edgeOf(
  child: Pick<Context, 'name' | 'dockerfileText'>,
  parent: Context,
  reference: ImageReference,
): Edge {
  const { kind, stage, text, at, target, expanded } = reference;
  const { tag = '', digest = '', byVariable = true } = target.where === 'project' ? target : {};
  const pin = pinOf(tag || undefined, digest || undefined, parent);
  const digestStart = expanded.length - (digest === '' ? 0 : digest.length + 1);
  const tagStart = digestStart - tag.length;
  const versionEnd = 'version' in pin ? tagStart + pin.version.length : tagStart;
  const version = writtenAt(reference, child.dockerfileText, { start: tagStart, end: versionEnd });
  return {
    from: child.name,
    to: parent.name,
    kind,
    stage,
    text,
    at,
    named: byVariable ? undefined : expanded,
    tag: tag || undefined,
    digest: digest || undefined,
    pin,
    versionAt: version?.at,
    argument: version?.argument,
    digestAt: writtenAt(reference, child.dockerfileText, { start: digestStart, end: expanded.length })?.at,
  };
}

/**
 * Whether a reference means the content that the project holds now, at `version` of the image it names. False for a
 * digest, another version, a variant, and words such as `stable`: those name content that is made elsewhere or was.
 */
export function isFollowed({ pin, tag, digest }: Edge, version: string | undefined): boolean {
  if (digest !== undefined || version === undefined) return false;
  if (pin.kind !== 'floating') return tag === version;
  return tag === undefined || tag === latest || version.startsWith(`${tag}.`);
}
