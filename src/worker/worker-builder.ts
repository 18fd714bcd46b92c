import { realpath, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Builder, BuildRequest, BuildResult } from '../builder.ts';
import { nameOfNamespace } from '../engine/disk-owners.ts';
import type { EngineOptions } from '../engine/engine-options.ts';
import { ownIds } from '../engine/executor/id-map.ts';
import type { Terminals } from '../engine/executor/terminal.ts';
import { runProgram, succeeded } from '../program/run-program.ts';
import type { Progress } from '../progress.ts';
import { type Failure, FailureError, failuresOf, type Reason } from '../result.ts';
import { type Ending, type Entered, type EnterOptions, enter } from './enter.ts';
import { workerDied } from './failure.ts';
import { type FromWorker, received, type ToWorker } from './protocol.ts';
import { LentToWorker } from './remote-terminal.ts';

/** This file's own: `.ts` in a checkout, `.js` in a package. */
const extension = extname(import.meta.url);

/**
 * `auto` is namespaces, chroot for root in containers that refuse them, and else `none`, which runs no steps and so needs
 * neither.
 */
export type Isolation = 'auto' | EngineOptions['isolation'];

/** What a worker is started with; plain data, since it crosses to another process. */
export interface WorkerBuilderOptions {
  /** The tier is known once the worker has entered its namespaces. */
  readonly engine: Omit<EngineOptions, 'tier' | 'namespace' | 'isolation' | 'whyNone'>;
  /** Lent to a step that has failed. */
  readonly terminals?: Terminals | undefined;
  readonly user: EnterOptions['user'];
  readonly isolation: Isolation;
  /** Where namespaces are refused, chroot will do for `auto`: this process is root of a container. */
  readonly inContainer?: boolean | undefined;
  /** Environment of the worker itself: PATH and little else. */
  readonly env: Readonly<Record<string, string>> & { readonly PATH: string };
  /** file: URL of a module that exports `createEngine(options)`; the embedded engine unless given. */
  readonly module?: string | undefined;
  /** Options for node; those of this process unless given. */
  readonly execArgv?: readonly string[] | undefined;
}

/**
 * Builds in a process of its own, inside the user namespace that makes the owners of files real. The process is
 * started by the first build; if it dies, all builds in it fail with `worker-died`, and the next one starts another.
 */
export class WorkerBuilder implements Builder {
  readonly name = 'embedded';
  readonly #options: WorkerBuilderOptions;
  #worker: Promise<Worker> | undefined;

  constructor(options: WorkerBuilderOptions) {
    this.#options = options;
  }

  async build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult> {
    signal.throwIfAborted();
    const worker = await this.#started(progress);
    signal.throwIfAborted();
    return worker.build(request, progress, signal);
  }

  async close(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    this.#worker = undefined;
    await worker?.close();
  }

  async #started(progress: Progress): Promise<Worker> {
    if (this.#worker === undefined) {
      const starting = Worker.start(this.#options, progress);
      const forget = () => {
        if (this.#worker === starting) this.#worker = undefined;
      };
      this.#worker = starting;
      starting.then((worker) => worker.ended.finally(forget), forget).catch(() => {});
    }
    return this.#worker;
  }
}

interface Pending {
  readonly progress: Progress;
  readonly resolve: (result: BuildResult) => void;
  readonly reject: (error: Error) => void;
  readonly onCancelling: () => void;
}

/** Milliseconds a worker gets to say that it has heard a cancellation, and to end what was cancelled. */
const TO_HEAR = 1500;
const TO_END = 5000;

/** The parent's end of one worker process. */
class Worker {
  readonly ended: Promise<Ending>;
  readonly #child: Entered['child'];
  readonly #kill: () => void;
  readonly #terminal: LentToWorker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #isPaused = false;
  /** What became of it. */
  #end: Error | undefined;

  static async start(options: WorkerBuilderOptions, progress: Progress): Promise<Worker> {
    const main = fileURLToPath(new URL(`./main${extension}`, import.meta.url));
    const { entered, isolation, whyNone } = await enterFor(options, {
      command: [process.execPath, ...(options.execArgv ?? process.execArgv), main],
      env: options.env,
      path: options.env.PATH,
      user: options.user,
      rootsDir: await realpath(options.engine.sessionDir).catch(() => options.engine.sessionDir),
    });
    for (const { message, hint } of entered.warnings) {
      progress.emit({ type: 'warning', message: hint === undefined ? message : `${message} (${hint})` });
    }
    const worker = new Worker(entered, options.terminals);
    await worker.#begin({
      type: 'start',
      module: options.module ?? new URL(`../engine/engine${extension}`, import.meta.url).href,
      options: {
        ...options.engine,
        tier: entered.tier,
        namespace: nameOfNamespace(await ownIds()),
        isolation,
        whyNone,
      },
    });
    return worker;
  }

  private constructor({ child, ended, kill }: Entered, terminals: Terminals | undefined) {
    this.#terminal = new LentToWorker(terminals, (message) => this.#send(message));
    this.#child = child;
    this.#kill = kill;
    this.ended = ended;
    child.on('message', (message: FromWorker) => this.#receive(message));
    void ended.then(
      (ending) => this.#failAll(new FailureError(workerDied(how(ending), ending.said))),
      (error) => this.#failAll(error as Error),
    );
  }

  build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult> {
    this.#lastId += 1;
    const id = this.#lastId;
    const timers: NodeJS.Timeout[] = [];
    const heard = () => timers.splice(0).forEach(clearTimeout);
    const cancel = () => {
      this.#send({ type: 'cancel', id });
      timers.push(setTimeout(this.#kill, TO_HEAR));
    };
    const onCancelling = () => {
      heard();
      timers.push(setTimeout(this.#kill, TO_END));
    };
    signal.addEventListener('abort', cancel);
    return new Promise<BuildResult>((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end;
      this.#pending.set(id, { progress, resolve, reject, onCancelling });
      this.#send({ type: 'build', id, request, watchesWork: progress.watchesWork === true });
    })
      .catch((error) => {
        throw signal.aborted ? signal.reason : error;
      })
      .finally(() => {
        signal.removeEventListener('abort', cancel);
        heard();
      });
  }

  async close(): Promise<void> {
    this.#send({ type: 'close' });
    const timer = setTimeout(this.#kill, TO_END);
    await this.ended.finally(() => clearTimeout(timer));
  }

  /** Resolves when the engine has been made. */
  async #begin(start: ToWorker & { type: 'start' }): Promise<void> {
    const answer = new Promise<FromWorker>((resolve) => this.#child.once('message', resolve));
    this.#send(start);
    const first = await Promise.race([answer, this.ended]);
    if ('code' in first) throw new FailureError(workerDied(how(first), first.said));
    if (first.type === 'started') return;
    await this.close();
    throw first.type === 'not-started' ? received(first.error) : new Error(`unexpected first message: ${first.type}`);
  }

  #receive(message: FromWorker): void {
    if (message.type === 'terminal-open' || message.type === 'terminal-output' || message.type === 'terminal-close') {
      this.#terminal.receive(message);
      return;
    }
    if (!('id' in message)) return;
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'progress') {
      pending.progress.emit(message.event);
      this.#wait(pending.progress.taken?.());
      return;
    }
    if (message.type === 'cancelling') {
      pending.onCancelling();
      return;
    }
    this.#pending.delete(message.id);
    if (message.type === 'built') pending.resolve(message.result);
    else pending.reject(received(message.error));
  }

  /** Steps wait until what they have said is taken. */
  #wait(taken: Promise<void> | undefined): void {
    if (taken === undefined || this.#isPaused) return;
    this.#isPaused = true;
    this.#send({ type: 'pause' });
    void taken.then(() => {
      this.#isPaused = false;
      this.#send({ type: 'resume' });
    });
  }

  #failAll(error: Error): void {
    this.#end = error;
    this.#terminal.close();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #send(message: ToWorker): void {
    // That the worker is gone is told by `ended`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

/** Where the worker is to be, by what steps run in. */
const places: Readonly<Record<EngineOptions['isolation'], EnterOptions['isolation']>> = {
  namespaces: 'namespaces',
  chroot: 'chroot',
  none: 'chroot',
};

/** Whether the worker is in namespaces, or is to try them first. */
export function entersNamespaces(isolation: Isolation): boolean {
  return isolation === 'auto' || places[isolation] === 'namespaces';
}

/** A worker, and what steps run in there. */
export interface EnteredFor {
  readonly entered: Entered;
  readonly isolation: EngineOptions['isolation'];
  /** Nobody asked for `none`: this is what an image with RUN fails with. */
  readonly whyNone?: Failure | undefined;
}

/** Where namespaces are refused, and a chroot is not taken, `auto` is content with images that run nothing. */
export async function enterFor(
  { isolation, inContainer }: Pick<WorkerBuilderOptions, 'isolation' | 'inContainer'>,
  options: Omit<EnterOptions, 'isolation'>,
): Promise<EnteredFor> {
  if (isolation !== 'auto') return { entered: await enter({ ...options, isolation: places[isolation] }), isolation };
  try {
    return { entered: await enter({ ...options, isolation: 'namespaces' }), isolation: 'namespaces' };
  } catch (error) {
    const whyNone = failuresOf(error)?.find(({ reason }) => refusals.has(reason));
    if (whyNone === undefined) throw error;
    const entered = await enter({ ...options, isolation: 'chroot' });
    if (inContainer && (await mayChroot(options))) return { entered, isolation: 'chroot' };
    return { entered, isolation: 'none', whyNone };
  }
}

/**
 * Whether `auto` is content with a chroot in a container where entering namespaces failed with `error`: they are refused,
 * and there can be devices.
 */
export async function isChrootTaken(
  error: unknown,
  options: Pick<EnterOptions, 'user' | 'rootsDir' | 'env'>,
): Promise<boolean> {
  const isRefused = failuresOf(error)?.some(({ reason }) => refusals.has(reason)) ?? false;
  return isRefused && (await mayChroot(options));
}

/** Steps in a chroot need devices, which root may make unless it is root of a user namespace only. */
async function mayChroot({ user, rootsDir, env }: Pick<EnterOptions, 'user' | 'rootsDir' | 'env'>): Promise<boolean> {
  if (user.uid !== 0) return false;
  const device = join(rootsDir, 'device');
  try {
    return succeeded(await runProgram('mknod', { args: [device, 'c', '1', '3'], env }));
  } finally {
    await rm(device, { force: true });
  }
}

/** Reasons by which a machine refuses namespaces. */
const refusals: ReadonlySet<Reason> = new Set(['no-user-namespaces', 'id-map-refused']);

/** The shell that is pid 1 tells by its status which signal ended the worker. */
function how({ code, signal }: Ending): string {
  const number = (code ?? 0) - 128;
  const name = signal ?? Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name ?? `exit status ${code}`;
}
