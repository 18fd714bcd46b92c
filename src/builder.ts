import type { CountedInputs } from './context/counted-inputs.ts';
import type { LayerChoice } from './context/layer-choice.ts';
import type { NamedContexts } from './context/named-contexts.ts';
import type { RecordedContext } from './context/recorded-context.ts';
import type { Ulimit } from './engine/executor/ulimits.ts';
import type { Descriptor } from './oci/descriptor.ts';
import type { Platform } from './oci/platform.ts';
import type { Progress } from './progress.ts';
import type { RemotePin } from './remote/remote-pin.ts';
import type { AgentSource } from './ssh/agent-source.ts';

/** A secret of a build: the absolute path of the file that holds it, or the value itself. */
export type SecretSource = string | { readonly value: string };

/** One context directory to one image, for one or more platforms. Plain data: it crosses a process border. */
export interface BuildRequest {
  /** Name of the image, for progress. */
  readonly image: string;
  /** Absolute. */
  readonly contextDir: string;
  /** Absolute path, for messages; and the text that was decided on. */
  readonly dockerfile: { readonly file: string; readonly text: string };
  /** What was seen of the context: a build that finds anything else fails. */
  readonly context: RecordedContext;
  /** What stages and images of these names are replaced by. */
  readonly contexts?: NamedContexts | undefined;
  readonly target?: string | undefined;
  /** SOURCE_DATE_EPOCH among them, where it is set. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** By `linux/amd64`; nothing counts for a platform that is not there. Without it everything may be used: there is no key. */
  readonly counted?: Readonly<Record<string, CountedInputs>> | undefined;
  readonly platforms: readonly Platform[];
  /** By id. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** What steps may sign with, by id. */
  readonly ssh: Readonly<Record<string, AgentSource>>;
  /** What all steps have that no instruction says. */
  readonly settings?:
    | {
        readonly hostname?: string | undefined;
        /** More lines of /etc/hosts. */
        readonly hosts?: readonly { readonly name: string; readonly ip: string }[] | undefined;
        /** Of steps that do not say another. */
        readonly network?: 'none' | 'host' | 'default' | undefined;
        /** Bytes of /dev/shm. */
        readonly shmSize?: number | undefined;
        readonly ulimits?: readonly Ulimit[] | undefined;
      }
    | undefined;
  /** Images that references resolve to before any registry is asked: full reference → image in the store. */
  readonly resolved: Readonly<Record<string, Descriptor>>;
  /** Images of registries that must be used as they were when the build was decided: full reference → what to ask for. */
  readonly pinned: Readonly<Record<string, Descriptor>>;
  /** What sources of ADD were when the build was decided, by the JSON of the source; the others are what they are now. */
  readonly remotes?: Readonly<Record<string, RemotePin>> | undefined;
  /** Written on the manifest of each platform (by `linux/amd64`), on its entry in the index, and on the index. */
  readonly annotations: {
    readonly manifests: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly entries?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
    readonly index: Readonly<Record<string, string>>;
  };
  /** Which layers the image has; one for each step if not given. */
  readonly layers?: LayerChoice | undefined;
  /** Labels of the image, before those of the Dockerfile. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Use no results of earlier runs; still keep those of this one for later. */
  readonly noCache: boolean;
  /** The same for the steps of these stages alone: names, whatever their case, or numbers. */
  readonly noCacheStages?: readonly string[] | undefined;
}

/** What a `Builder` has made: named by digest only, tagging is up to others. */
export interface BuildResult {
  /** Always an index, with one manifest per platform of the request, in its order. All it reaches is in the store. */
  readonly image: Descriptor;
}

/** A way to build. The orchestrator knows only this. Rejects with FailureError. */
export interface Builder {
  readonly name: string;
  build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult>;
  /** Ends what it started; a builder is not used after this. */
  close(): Promise<void>;
}
