import { dirname, extname } from 'node:path';
import type { ProcessExit, ProcessSpec } from '../../../src/engine/executor/executor.ts';
import type { ExecutorName } from '../../../src/engine/executor/executor-name.ts';
import type { Lack } from '../../../src/engine/executor/lack.ts';
import type { Limit } from '../../../src/engine/executor/limit.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import type { Failure } from '../../../src/result.ts';
import type { Person } from '../../worker/people.ts';
import { noEngine, PersonBuilder } from '../../worker/person-builder.ts';
import type { ExecutorOrder } from './executor-engine.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status?: ProcessExit;
  /** Where they were asked for. */
  readonly limits?: readonly Limit[];
  readonly lacks?: readonly Lack[];
  /** Milliseconds from the call of run() to its end. */
  readonly took?: number;
  readonly upper?: readonly string[];
  /** What it says of itself; absent where it failed. */
  readonly executor?: string;
  readonly hasMounts?: boolean;
  /** In place of a status. */
  readonly failure?: Failure;
  readonly error?: string;
}

const root = { uid: 0, gid: 0, additionalGids: [0] };

/** Runs processes by an executor in the worker of a person. */
export class ProcessRunner implements AsyncDisposable {
  readonly #builder: PersonBuilder;
  readonly #rootfs: string;

  constructor(person: Person, rootfs: string, isolation: ExecutorName = 'namespaces', within: readonly string[] = []) {
    const module = new URL(`./executor-engine${extname(import.meta.url)}`, import.meta.url).href;
    // Beside the root, to vanish with it: a worker that is killed does not clean up.
    const engine = { ...noEngine, sessionDir: dirname(rootfs) };
    this.#builder = new PersonBuilder(person, { engine, module, isolation }, within);
    this.#rootfs = rootfs;
  }

  get process() {
    return this.#builder.process;
  }

  /** A line for sh, as root, with the network of the machine, unless said otherwise. */
  async run(
    script: string | readonly string[],
    changed: Partial<ProcessSpec> = {},
    order: Partial<ExecutorOrder> & { readonly abortAfter?: number; readonly abortWhen?: 'step-output' } = {},
  ): Promise<Ran> {
    const { abortAfter, abortWhen, ...others } = order;
    const process: ProcessSpec = {
      args: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
      env: ['PATH=/bin'],
      cwd: '/',
      user: root,
      mounts: [],
      network: 'host',
      hostname: 'buildkitsandbox',
      platform: hostPlatform(globalThis.process.arch),
      ...changed,
    };
    const whole: ExecutorOrder = { rootfs: this.#rootfs, process, ...others };
    const { events, error } = await this.#builder.build({ order: JSON.stringify(whole) }, abortAfter, abortWhen);
    const heard = (stream: string) =>
      events.map((event) => (event.type === 'step-output' && event.stream === stream ? event.text : '')).join('');
    const answer = events.find((event) => event.type === 'notice');
    return {
      stdout: heard('stdout'),
      stderr: heard('stderr'),
      ...(answer?.type === 'notice' ? JSON.parse(answer.message) : {}),
      ...(error?.failures?.[0] ? { failure: error.failures[0] } : {}),
      ...(error && !error.failures ? { error: `${error.name}: ${error.message}` } : {}),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#builder[Symbol.asyncDispose]();
  }
}
