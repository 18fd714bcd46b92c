import type { ContainerConfig, History, ImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import type { SourceSpan } from '../../result.ts';
import type { Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import type { ResolvedImage } from './lower-input.ts';
import { resolvePath } from './resolve-path.ts';

/** What RUN has for PATH where neither the base nor ENV sets it, and what images on scratch get; as in BuildKit. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** What an image says of the machine that it is for. */
export type BaseMachine = Pick<ImageConfig, 'os' | 'architecture' | 'variant' | 'os.version' | 'os.features'>;

/** All that a stage knows on its way down. One object per stage, changed by one instruction after the other. */
export class StageState {
  /** The root file system so far. */
  vertex: Vertex<Step>;
  readonly platform: Platform;
  config: ContainerConfig;
  author: string | undefined;
  /** The image at the bottom of it, as far as it says what it is for; undefined on `scratch`. */
  readonly base: BaseMachine | undefined;
  /** Of the base first, then one entry per instruction. */
  history: History[];
  /** The ARGs declared so far, in the order of declaration, with their values if they have one. */
  readonly args: Map<string, string | undefined>;
  /** What `$x` means: ARG and ENV, whichever came later. */
  readonly variables: Map<string, string>;
  /** The FROM that names the image it stands on; undefined on `scratch`. */
  readonly baseAt: SourceSpan | undefined;
  /** How many layers are below those that instructions make. */
  readonly baseLayers: number;
  /** How many layers instructions have made so far. */
  ownLayers: number;
  /** Numbers of those up to which a layer is to be: those of `#!COMMIT`, and of the ends of stages below. */
  readonly commits: Set<number>;
  /** Whether what no instruction has set may have any value, since nobody asked what the image holds that it stands on. */
  isOpen: boolean;
  /** Whether such a value was asked for. */
  hasGuessed = false;
  /** Whether this stage has a CMD of its own, which an ENTRYPOINT then leaves alone. */
  hasOwnCmd = false;

  constructor(parts: {
    readonly vertex: Vertex<Step>;
    readonly platform: Platform;
    readonly config: ContainerConfig;
    readonly author: string | undefined;
    readonly history: readonly History[];
    readonly base?: BaseMachine | undefined;
    readonly args: ReadonlyMap<string, string | undefined>;
    readonly variables: ReadonlyMap<string, string>;
    readonly baseAt?: SourceSpan | undefined;
    readonly isOpen?: boolean;
    readonly baseLayers?: number;
    readonly ownLayers?: number;
    readonly commits?: ReadonlySet<number>;
  }) {
    this.vertex = parts.vertex;
    this.platform = parts.platform;
    this.config = structuredClone(parts.config);
    this.author = parts.author;
    this.history = [...parts.history];
    this.base = parts.base;
    this.args = new Map(parts.args);
    this.variables = new Map(parts.variables);
    this.baseAt = parts.baseAt;
    this.isOpen = parts.isOpen ?? false;
    this.baseLayers = parts.baseLayers ?? 0;
    this.ownLayers = parts.ownLayers ?? 0;
    this.commits = new Set(parts.commits);
  }

  static onScratch(vertex: Vertex<Step>, platform: Platform, baseLayers = 0): StageState {
    const state = new StageState({
      vertex,
      platform,
      config: { WorkingDir: '/' },
      author: undefined,
      history: [],
      args: new Map(),
      variables: new Map(),
      baseLayers,
    });
    state.setEnv('PATH', DEFAULT_PATH);
    return state;
  }

  static onImage(
    vertex: Vertex<Step>,
    platform: Platform,
    { image, baseAt }: { readonly image: ResolvedImage; readonly baseAt: SourceSpan },
  ): StageState {
    const { config } = image;
    const state = new StageState({
      vertex,
      platform,
      config: config.config ?? {},
      author: config.author,
      history: config.history ?? [],
      base: config,
      args: new Map(),
      variables: new Map(),
      baseAt,
      isOpen: image.isUnknown ?? false,
      baseLayers: image.layers.length,
    });
    state.#readEnv();
    if (!state.variables.has('PATH') && !state.isOpen) state.setEnv('PATH', DEFAULT_PATH);
    return state;
  }

  /** A stage that starts where this one ended: files, environment and arguments. What both set is what ENV says again. */
  child(): StageState {
    const state = new StageState(this);
    state.commits.add(state.ownLayers);
    // What nobody has looked at may have any of the arguments in its environment.
    if (state.isOpen) state.variables.clear();
    state.#readEnv();
    return state;
  }

  /** Variables of the configuration, as the image that a stage stands on hands them on. */
  #readEnv(): void {
    for (const pair of this.config.Env ?? []) {
      const equals = pair.indexOf('=');
      // One without a name stays in the configuration, as it came. No process can be given it.
      if (equals === 0 || pair === '') continue;
      this.variables.set(equals === -1 ? pair : pair.slice(0, equals), equals === -1 ? '' : pair.slice(equals + 1));
    }
  }

  /** What `$name` means. */
  readonly valueOf = (name: string): string | undefined => {
    const value = this.variables.get(name);
    if (value === undefined && this.isOpen) this.hasGuessed = true;
    return value;
  };

  /** Behind an instruction that nobody could read: it may have set anything. */
  forget(): void {
    this.isOpen = true;
    this.args.clear();
    this.variables.clear();
    delete this.config.Env;
    delete this.config.User;
  }

  /** Absolute and clean, whatever the configuration says. */
  get workdir(): string {
    return resolvePath(this.config.WorkingDir || '/', '/');
  }

  get user(): string {
    return this.config.User ?? '';
  }

  get shell(): readonly string[] {
    return this.config.Shell ?? DEFAULT_SHELL;
  }

  setEnv(name: string, value: string): void {
    this.variables.set(name, value);
    const env = this.config.Env ?? [];
    const at = env.findIndex((pair) => pair.startsWith(`${name}=`));
    this.config.Env = at === -1 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`);
  }
}

/**
 * The table of a stage's configuration with these entries, which are put into it: a copy for each instruction would take
 * thousands of them seconds. Defined and not set, since a label may be called `__proto__`.
 */
export function withEntries<T>(
  table: Record<string, T> | null | undefined,
  entries: Iterable<readonly [name: string, value: T]>,
): Record<string, T> {
  const result = table ?? {};
  for (const [name, value] of entries) {
    Object.defineProperty(result, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return result;
}
