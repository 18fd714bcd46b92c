import type { SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import type { Notice, Project } from './project.ts';

/** Where in a Dockerfile a reference to an image was found. */
export type ReferenceKind = 'from' | 'copy-from' | 'mount-from' | 'onbuild';

/** Who is built with whom. Acyclic; every parent is a context of the project. */
export interface DependencyGraph {
  readonly project: Project;
  /** By child in the project's order, then in the order written. */
  readonly edges: readonly Edge[];
  /** Every context has an entry; parents in the order they are first named, without repeats. */
  readonly parents: ReadonlyMap<ImageName, readonly ImageName[]>;
  /** Every context has an entry; children in the project's order, without repeats. */
  readonly children: ReadonlyMap<ImageName, readonly ImageName[]>;
  /** All contexts, parents before children; the same whatever the order on disk. */
  readonly order: readonly ImageName[];
  /** Images from elsewhere, in the order of `edges`. */
  readonly externals: readonly ExternalReference[];
  /** Edges that ask for a version which the project does not hold: `cip check` exits 3 on them. */
  readonly stale: readonly StaleReference[];
  readonly warnings: readonly Notice[];
}

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
  /** After expansion: `1.2.3`, `latest`, `1.2.3-slim`. Absent without a tag. */
  readonly tag?: string | undefined;
  /** After expansion: `sha256:…`. */
  readonly digest?: string | undefined;
  /** Whether the tag names one version, and which. */
  readonly pin: Pin;
  /**
   * Covers just the characters of the version (no suffix of a variant), here or in the default of the ARG they come
   * from. Absent where they are not written in one piece.
   */
  readonly versionAt?: SourceSpan | undefined;
  /** Covers the digest with its `@`. Absent without a digest or where it is not written in one piece. */
  readonly digestAt?: SourceSpan | undefined;
  /** The global ARG whose default holds `versionAt`. */
  readonly argument?: string | undefined;
}

/**
 * What a tag says about the version: `version` names exactly one (with the suffix of a declared variant, `-slim`, or
 * empty), `floating` follows along (`latest`, `1.2`, no tag), `digest` names bytes and no version, `unknown` has a
 * suffix that is neither a prerelease nor a declared variant.
 */
export type Pin =
  | { readonly kind: 'version'; readonly version: string; readonly suffix: string }
  | { readonly kind: 'floating' }
  | { readonly kind: 'digest' }
  | { readonly kind: 'unknown'; readonly version: string; readonly suffix: string };

/** A reference to an image that the project does not build. */
export interface ExternalReference {
  readonly from: ImageName;
  readonly kind: ReferenceKind;
  readonly stage: number;
  readonly text: string;
  readonly at: SourceSpan;
  /** Expanded: `docker.io/library/debian:bookworm-slim` if so written; `${REGISTRY}` stays where no value is known. */
  readonly reference: string;
}

export interface StaleReference {
  readonly edge: Edge;
  /** The version that the project holds. */
  readonly current: string;
}
