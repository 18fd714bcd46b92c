import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import type { BuildRequest, BuildResult } from '../../src/builder.ts';
import { emptyContext } from '../../src/context/recorded-context.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { Failure } from '../../src/result.ts';
import type { WorkerBuilderOptions } from '../../src/worker/worker-builder.ts';
import { type Person, self } from './people.ts';

export type BuilderOrder =
  | { readonly type: 'make'; readonly options: object }
  | {
      readonly type: 'build';
      readonly id: number;
      readonly buildArgs: Readonly<Record<string, string>>;
      readonly abortAfter?: number | undefined;
      /** Soon after the first event of this type. */
      readonly abortWhen?: ProgressEvent['type'] | undefined;
    }
  | { readonly type: 'close' };

export interface BuilderAnswer {
  readonly id: number;
  readonly events: readonly ProgressEvent[];
  readonly result?: BuildResult;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | undefined;
    readonly failures: readonly Failure[] | undefined;
  };
}

/** A WorkerBuilder in a process of somebody else, so that root's tests see what ordinary users get. */
export class PersonBuilder implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #waiting = new Map<number, (answer: BuilderAnswer) => void>();
  #lastId = 0;

  /** `within` is a command that starts the process, in surroundings of its own making. */
  constructor(
    person: Person,
    options: Pick<WorkerBuilderOptions, 'engine' | 'module' | 'isolation' | 'execArgv'>,
    within: readonly string[] = [],
  ) {
    const main = join(import.meta.dirname, `builder-process${extname(import.meta.filename)}`);
    const node = [process.execPath, ...process.execArgv, main];
    const become = ['setpriv', '--reuid', `${person.uid}`, '--regid', `${person.gid}`, '--clear-groups'];
    const [file, ...args] = [...within, ...(person.uid === self.uid ? [] : become), ...node];
    this.process = spawn(file!, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { PATH: process.env['PATH'] },
    });
    this.process.on('message', (answer: BuilderAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#send({ type: 'make', options: { ...options, user: person, env: { PATH: process.env['PATH'] } } });
  }

  build(
    buildArgs: Readonly<Record<string, string>>,
    abortAfter?: number,
    abortWhen?: ProgressEvent['type'],
  ): Promise<BuilderAnswer> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#send({ type: 'build', id, buildArgs, abortAfter, abortWhen });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    if (!this.process.killed) this.#send({ type: 'close' });
    await exit;
  }

  #send(order: BuilderOrder): void {
    this.process.send(order);
  }
}

export function plainRequest(buildArgs: Readonly<Record<string, string>>): BuildRequest {
  return {
    image: 'toy',
    contextDir: '/',
    dockerfile: { file: '/Dockerfile', text: '' },
    context: emptyContext,
    buildArgs,
    platforms: [],
    secrets: {},
    ssh: {},
    resolved: {},
    pinned: {},
    annotations: { manifests: {}, index: {} },
    noCache: false,
  };
}

/** Options of an engine that needs none of them. */
export const noEngine: WorkerBuilderOptions['engine'] = {
  storeDir: '/store',
  sessionDir: '/session',
  registry: { insecureRegistries: [], retries: 0, timeoutMs: 1000, userAgent: 'test', env: {} },
  emulators: {},
  tools: {
    sh: 'sh',
    env: 'env',
    cp: 'cp',
    mkdir: 'mkdir',
    mkfifo: 'mkfifo',
    chown: 'chown',
    mount: 'mount',
    unshare: 'unshare',
  },
  concurrency: 1,
  env: {},
};
