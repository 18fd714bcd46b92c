import type { RegistryOptions } from '../registry/registry-options.ts';
import type { Failure } from '../result.ts';
import type { SharedCaches } from './cache/cache-address.ts';
import type { ExecutorName } from './executor/executor-name.ts';
import type { Terminals } from './executor/terminal.ts';
import type { ExecutorTools } from './executor/tools.ts';

/**
 * Which user and group ids exist where the engine runs. `root-map`: the machine's own ids, given by root;
 * `subuid-map`: 0 is the user, the others come from /etc/subuid; `single-uid`: only 0 exists, so ownership is lost;
 * `none`: no namespaces of its own.
 */
export type IsolationTier = 'root-map' | 'subuid-map' | 'single-uid' | 'none';

/** What the embedded engine is made from. Plain data: it crosses a process border. Paths are absolute. */
export interface EngineOptions {
  readonly storeDir: string;
  /** Empty directory of this process alone, removed when it ends: snapshots in use, mounts, FIFOs. */
  readonly sessionDir: string;
  readonly registry: Omit<RegistryOptions, 'hooks'>;
  readonly tier: IsolationTier;
  /** Name of the ids that this process was started with, as `nameOfNamespace()` gives it; '' if not given. */
  readonly namespace?: string | undefined;
  /** What steps run in; `none` runs none. */
  readonly isolation: ExecutorName | 'none';
  /** With `none`, where nobody asked for it: what an image with a RUN instruction fails with. */
  readonly whyNone?: Failure | undefined;
  /** A step fails where this machine can't keep it apart from all it should be. */
  readonly requireIsolation?: boolean | undefined;
  /** Results of steps that other machines see, or have made. */
  readonly caches?: SharedCaches | undefined;
  /** What becomes of the files of a RUN that fails: removed unless given. */
  readonly onFail?: 'clean' | 'keep' | 'shell' | undefined;
  /** By architecture (`arm64`): the statically linked qemu that runs its programs. */
  readonly emulators: Readonly<Record<string, string>>;
  readonly tools: ExecutorTools;
  /** How many steps run at once. */
  readonly concurrency: number;
  /** For steps: proxies and the like. Never the whole environment, which `registry` alone has. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the engine is lent by the process that it is in. */
export interface EngineSurroundings {
  /** A clock in milliseconds that only goes forward. */
  readonly now: () => number;
  /** Asked after each output of a step: the step waits for the promise it gives, if it gives one. */
  readonly outputTaken: () => Promise<void> | undefined;
  /** For a shell where a step has failed. */
  readonly terminals?: Terminals | undefined;
}
