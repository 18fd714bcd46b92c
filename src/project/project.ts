import type { SemVer } from 'semver';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import type { Platform } from '../oci/platform.ts';
import type { Failure, FailureShape, SourceSpan } from '../result.ts';
import type { EdnNode } from './edn-node.ts';
import type { ImageName } from './image-name.ts';
import type { LoadDefault } from './load-default.ts';

/** A directory with `contexts/` in it: what could be read of it, and everything that is wrong with the rest. */
export interface Project {
  /** Absolute. */
  readonly directory: string;
  /** Those that could be read. By numeric prefix, then by name; those without a prefix last. The order to build in is the graph's. */
  readonly contexts: ReadonlyMap<ImageName, Context>;
  /** Images whose files can't be read as what they should be. */
  readonly unread: ReadonlyMap<ImageName, UnreadContext>;
  /** By directory, as they are sorted on disk. */
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
}

/** One directory under `contexts/`: it becomes one image. */
export interface Context {
  /** Absolute. */
  readonly directory: string;
  /** As people are shown it: `contexts/02-java-dev`, in front of it what `loadProject` was told to show. */
  readonly path: string;
  /** The `02`, if the name has a prefix: a promise about the order, checked against the graph. */
  readonly order?: number | undefined;
  readonly name: ImageName;
  /** A legal tag. */
  readonly version: string;
  /** The version taken apart; absent if it is not `major.minor.patch[-prerelease]`. */
  readonly semver?: SemVer | undefined;
  /** In the order written, without repeats. Empty means the defaults. */
  readonly platforms: readonly Platform[];
  /** `slim`: references to `name:1.2.3-slim` follow the version, and keep the suffix. */
  readonly variants: readonly string[];
  /** Absent for an image that is not loaded unless it is asked for. */
  readonly load?: LoadDefault | undefined;
  readonly dockerfile: Dockerfile;
  /** What the spans of `dockerfile` count in: all of the file, a byte order mark included. */
  readonly dockerfileText: string;
  readonly metadata: ContextMetadata;
  /** What its SOURCE_DATE_EPOCH comes to, where that names what has a time; '' for none. Absent until that is looked up. */
  readonly epoch?: string | undefined;
}

/** A directory that should become an image and can't. */
export interface UnreadContext {
  readonly name: ImageName;
  /** As shown. */
  readonly path: string;
  /** As much of it as can be read: see `Stage.gaps`. */
  readonly dockerfile?: Pick<Context, 'dockerfile' | 'dockerfileText'> | undefined;
}

/** Something that is wrong with a project, and which images can't be built because of it. */
export interface Problem {
  /** Empty for a directory that can become no image: no other image needs it. */
  readonly images: readonly ImageName[];
  readonly failure: Failure;
}

/** Where version and platforms were written: `info.edn`, or the older pair `VERSION` and `PLATFORMS_OVERRIDE`. */
export interface ContextMetadata {
  readonly kind: 'info-edn' | 'version-file';
  /** The file that holds the version, as shown. Its name within the context is the last component. */
  readonly file: string;
  /** All of that file, a byte order mark included. */
  readonly text: string;
  /** Covers just the characters of the version, without quotes. */
  readonly versionAt: SourceSpan;
  /** Keys of `info.edn` that nothing here reads, by name without the colon, values as they were read. */
  readonly other: ReadonlyMap<string, EdnNode>;
}

/** Something a person should know that stops nothing. A `warning` is probably a mistake, a `notice` is not. */
export interface Notice extends Failure {
  readonly level: 'notice' | 'warning';
}

/** What a notice is made of, whatever its reason: what constructors are checked against. */
export type NoticeShape = FailureShape & Pick<Notice, 'level'>;
