import type { BaseForOther } from '../../context/base-for-other.ts';
import type { CountedInputs } from '../../context/counted-inputs.ts';
import type { LayerChoice } from '../../context/layer-choice.ts';
import type { NamedContexts } from '../../context/named-contexts.ts';
import type { Dockerfile } from '../../dockerfile/dockerfile.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ContainerConfig, History, ImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RemotePin } from '../../remote/remote-pin.ts';
import type { SourceSpan } from '../../result.ts';
import type { ExecOp, ImageOp, Step, StepSettings } from '../op/op-definition.ts';
import type { Definition } from '../solver/vertex.ts';

/** An image that some step stands on, for one platform: known, not fetched. */
export interface ResolvedImage {
  readonly manifest: Digest;
  readonly config: ImageConfig;
  readonly layers: ImageOp['layers'];
  readonly origin?: ImageOp['origin'];
  /** Nobody asked what it is: its environment and its triggers may be anything. For those who only look for mistakes. */
  readonly isUnknown?: boolean | undefined;
  /** It says of itself that files in it lost their owners (ADR 0025). */
  readonly ownersLost?: boolean | undefined;
}

/** An image as a Dockerfile names it, variables filled in, for one platform. */
export interface ImageRequest {
  readonly reference: string;
  readonly platform: Platform;
  /** Who asks for it; not part of what is asked for. */
  readonly at?: SourceSpan | undefined;
}

/** Key of a request in `LowerInput.images`. */
export function imageKey({ reference, platform }: ImageRequest): string {
  return `${reference} ${platform.os}/${platform.architecture}${platform.variant ? `/${platform.variant}` : ''}`;
}

/** One Dockerfile to turn into a graph for one platform, and what is known of its base images by now. */
export interface LowerInput {
  readonly dockerfile: Dockerfile;
  /** Name of the image, for failures. */
  readonly image: string;
  /** Name or number of a stage; the last one by default. */
  readonly target?: string | undefined;
  readonly platform: Platform;
  /** Of this machine. */
  readonly buildPlatform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Proxies of this machine by the names of their variables; build arguments of these names win. */
  readonly proxies?: Readonly<Record<string, string>> | undefined;
  /** Where steps find the files of the context. */
  readonly context?: Step['context'];
  /** What stages and images of these names are replaced by. */
  readonly contexts?: NamedContexts | undefined;
  /** Where steps find the files of those that are directories, by name. */
  readonly contextFiles?: Readonly<Record<string, NonNullable<Step['context']>>> | undefined;
  readonly secrets?: Step['secrets'];
  readonly ssh?: Step['ssh'];
  /** Which layers the image has; one for each step if not given. */
  readonly layers?: LayerChoice | undefined;
  /** What all steps have that no instruction says. */
  readonly settings?: (StepSettings & { readonly network?: ExecOp['network'] | undefined }) | undefined;
  /** Of the image, in place of those that instructions give. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** By `imageKey`. */
  readonly images: Pick<ReadonlyMap<string, ResolvedImage>, 'get'>;
  /** What remote sources were when the build was decided, by their JSON. */
  readonly remotes?: Readonly<Record<string, RemotePin>> | undefined;
  /** What the triggers of images from elsewhere may use; everything if not given. */
  readonly counted?: CountedInputs | undefined;
  /**
   * SOURCE_DATE_EPOCH in seconds: when the image and the history it adds were created, and the mtime of files that have
   * none of their own. Both are 0 without it.
   */
  readonly epoch?: number | undefined;
}

/** The configuration of an image but for `rootfs.diff_ids`, which the layers tell. */
export interface ConfigDraft {
  readonly created: string;
  readonly author?: string | undefined;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
  readonly 'os.features'?: string[] | null | undefined;
  readonly config: ContainerConfig;
  readonly history: readonly History[];
}

/** Either the images to be resolved first, or the graph and the configuration. */
export type Lowered =
  /** Images that must be resolved first; lower again with them. */
  | { readonly missing: readonly ImageRequest[] }
  | {
      readonly missing?: undefined;
      readonly definition: Definition<Step>;
      readonly config: ConfigDraft;
      readonly warnings: readonly string[];
      /** Each FROM whose image is not for what it was asked for. */
      readonly basesForOthers: readonly BaseForOther[];
      /** The FROM of the image that it stands on; undefined on `scratch`. */
      readonly baseAt?: SourceSpan | undefined;
      /** Numbers of the stages that were looked at. */
      readonly stages: readonly number[];
    };
