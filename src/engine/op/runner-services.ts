import type { Failure } from '../../result.ts';
import type { AgentSource } from '../../ssh/agent-source.ts';
import type { Store } from '../../store/store.ts';
import type { Executor } from '../executor/executor.ts';
import type { LentTerminal } from '../executor/terminal.ts';
import type { Layers } from '../snapshot/layers.ts';
import type { Snapshotter } from '../snapshot/snapshotter.ts';
import type { BuildContext } from './build-context.ts';
import type { FetchedFiles } from './fetched-files.ts';
import type { Step } from './op-definition.ts';

/** What operations work with: one set per engine. */
export interface RunnerServices {
  readonly store: Store;
  readonly layers: Layers;
  /** Chosen when the first step needs a root file system. */
  readonly snapshotter: () => Promise<Snapshotter>;
  /** What the key of a RUN step says of the executor, known before there is one: the row of `keyWords`. */
  readonly isolationWords: readonly string[];
  /** Chosen when the first step runs a process. */
  readonly executor: (signal: AbortSignal) => Promise<Executor>;
  /** Of the build that the step is part of; undefined where it has none. */
  readonly context?: BuildContext | undefined;
  /** What ADD fetches, as it was when the build was decided. */
  readonly fetched: FetchedFiles;
  /** By id, those that were given. */
  readonly secrets: NonNullable<Step['secrets']>;
  /** What steps may sign with, by the id of their mount. */
  readonly ssh: Readonly<Record<string, AgentSource>>;
  /** The id of a given secret that is nearly this one. */
  readonly secretLike: (id: string) => string | undefined;
  /** Absolute path of a new file name in memory-backed storage that other processes of the step can be given. */
  readonly memoryFile: () => Promise<string>;
  /** What becomes of the files of a step that fails; `clean` if not given. */
  readonly onFail?: 'clean' | 'keep' | 'shell' | undefined;
  /**
   * Lends the terminal to the first step that fails, and stops all that runs but for it; does nothing for others. undefined where
   * there is none to lend.
   */
  readonly lendTerminal?:
    | ((failure: Failure, use: (lent: LentTerminal, signal: AbortSignal) => Promise<void>) => Promise<void>)
    | undefined;
  /** The step waits for it, if there is one, before it says more. */
  readonly outputTaken?: (() => Promise<void> | undefined) | undefined;
}
