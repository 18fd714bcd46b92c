import type { RemoteSource } from '../../dockerfile/remote-source.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RemotePin } from '../../remote/remote-pin.ts';
import type { SourceSpan } from '../../result.ts';
import type { AgentSource } from '../../ssh/agent-source.ts';
import type { Ulimit } from '../executor/ulimits.ts';
import type { BuildContext } from './build-context.ts';

/** Where the text of a step stands, for failures. Not part of what a step means. */
export interface StepOrigin {
  readonly image: string;
  /** Name of the stage, or its number. */
  readonly stage: string;
  readonly at: SourceSpan;
  /** The instruction as people read it. */
  readonly text: string;
  /** Names of the build arguments that count there. */
  readonly args?: readonly string[] | undefined;
}

/** Nothing at all: what FROM scratch starts with. */
export interface ScratchOp {
  readonly kind: 'scratch';
}

/** The layers of an image, known by its manifest; nothing is fetched for it. */
export interface ImageOp {
  readonly kind: 'image';
  readonly manifest: Digest;
  readonly layers: readonly {
    readonly blob: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
    readonly diffID: string;
  }[];
  /** Where blobs that the store lacks are fetched; absent for images of the store. */
  readonly origin?: { readonly registry: string; readonly repository: string } | undefined;
}

/** A file whose content stands in the Dockerfile. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
}

/** Where a COPY takes its files from: a context, or the vertex's second input. */
export type CopySource =
  /** `name`: of a named context, which is another vertex than the same copy of the build's. */
  { readonly type: 'context'; readonly name?: string | undefined } | { readonly type: 'input' };

/** A source of ADD that is fetched. */
export interface FetchedSource {
  /** How many of the patterns are copied before it. */
  readonly before: number;
  readonly source: RemoteSource;
  /** An archive is unpacked. */
  readonly unpack: boolean;
}

/** COPY and ADD. Inputs: the base and, for a source of type `input`, the source. */
export interface CopyOp {
  readonly kind: 'copy';
  readonly source: CopySource;
  /** Go `filepath.Match` patterns, relative to the source's root. */
  readonly patterns: readonly string[];
  /** In the order written; absent where there are none. */
  readonly fetched?: readonly FetchedSource[] | undefined;
  readonly inline: readonly InlineFile[];
  /** Absolute; a trailing slash means a directory. */
  readonly destination: string;
  /** `user[:group]`, names or numbers; looked up in the base. */
  readonly chown?: string | undefined;
  /** Octal or symbolic text. */
  readonly chmod?: string | undefined;
  readonly exclude: readonly string[];
  /** Do not look below: the layer is the same on every base. */
  readonly link: boolean;
  /** Keep the path from the source's root (or after `/./`) below the destination. */
  readonly parents: boolean;
  /** The patterns are paths, and links on the way followed. */
  readonly literal?: boolean;
  /** ADD: archives among the sources are unpacked. */
  readonly unpack: boolean;
  /** mtime in seconds of what has none of its own: inline files and directories made on the way. */
  readonly mtime: number;
  /** SOURCE_DATE_EPOCH in seconds: the time of all that is from the context, and of what is from elsewhere the latest. */
  readonly epoch?: number | undefined;
}

/** WORKDIR. Input: the base. */
export interface MakeDirectoryOp {
  readonly kind: 'make-directory';
  /** Absolute. */
  readonly path: string;
  /** Owner of what is created: the USER of that moment, as written. */
  readonly user: string;
  readonly mtime: number;
  /** SOURCE_DATE_EPOCH in seconds: no directory of the layer is newer. */
  readonly epoch?: number | undefined;
}

/** One `RUN --mount`. `input` is the number of the vertex's input that holds the files. */
export type ExecMount =
  | {
      readonly type: 'bind';
      readonly input: number;
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
    }
  | {
      readonly type: 'cache';
      readonly id: string;
      readonly target: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly readonly: boolean;
      /** Absent: 0755 and 0:0. Where there is a seed, its own count, whatever is asked for. */
      readonly mode?: number | undefined;
      readonly uid?: number | undefined;
      readonly gid?: number | undefined;
      /** What a new cache starts with. */
      readonly seed?: { readonly input: number; readonly source: string } | undefined;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly size?: number | undefined }
  | {
      readonly type: 'secret';
      readonly id: string;
      readonly target?: string | undefined;
      readonly env?: string | undefined;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: 'ssh';
      readonly id: string;
      readonly target: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'file'; readonly target: string; readonly content: string; readonly mode: number };

/** What all steps of a build have that no instruction says. */
export interface StepSettings {
  readonly hostname?: string | undefined;
  /** More lines of /etc/hosts, names in lower case. */
  readonly hosts?: readonly { readonly name: string; readonly ip: string }[] | undefined;
  /** Bytes of /dev/shm. */
  readonly shmSize?: number | undefined;
  readonly ulimits?: readonly Ulimit[] | undefined;
}

/** RUN. Inputs: the root, then what the mounts refer to. */
export interface ExecOp extends StepSettings {
  readonly kind: 'exec';
  readonly args: readonly string[];
  /** `NAME=value`, in order. */
  readonly env: readonly string[];
  /** Like `env`, but not part of what the step means: proxies. */
  readonly keylessEnv: readonly string[];
  readonly cwd: string;
  /** As written; looked up in the root. */
  readonly user: string;
  readonly mounts: readonly ExecMount[];
  readonly network: 'none' | 'host' | 'default';
  readonly platform: Platform;
  /** SOURCE_DATE_EPOCH in seconds: no file of the layer is newer. */
  readonly epoch?: number | undefined;
}

/** Layers made one. Input: the stack. */
export interface SquashOp {
  readonly kind: 'squash';
  /** How many layers each of those of the result is made of, base first; all of them together are those of the input. */
  readonly groups: readonly number[];
}

/** Every kind of work the engine does, as plain data: hashed into a vertex's digest, printable, comparable. */
export type OpDefinition = ScratchOp | ImageOp | CopyOp | MakeDirectoryOp | ExecOp | SquashOp;

/** What the engine's vertices carry: the work, and where it was asked for. */
export interface Step {
  readonly op: OpDefinition;
  readonly origin?: StepOrigin | undefined;
  /** By id: absolute paths of files that hold them, or the values themselves. */
  readonly secrets?: Readonly<Record<string, string | { readonly value: string }>> | undefined;
  /** What steps may sign with, by the id of their mount. */
  readonly ssh?: Readonly<Record<string, AgentSource>> | undefined;
  /** Where a copy from the context takes its files. */
  readonly context?: BuildContext | undefined;
  /** What remote sources were when the build was decided, by their JSON; of others the answer of now counts. */
  readonly remotes?: Readonly<Record<string, RemotePin>> | undefined;
}
