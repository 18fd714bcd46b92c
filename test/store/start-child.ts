import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A process that runs child.ts. Killed at the end of the scope if it still runs. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  /** What it said it has done, in order; the first is that it is ready. */
  readonly said: unknown[] = [];
  readonly #exit: Promise<unknown>;
  readonly #closed: Promise<unknown>;
  #stderr = '';

  private constructor(args: readonly string[]) {
    const program = join(import.meta.dirname, `child${extname(import.meta.filename)}`);
    this.process = spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exit = once(this.process, 'exit');
    this.#closed = once(this.process, 'close');
    this.process.stderr?.on('data', (text) => {
      this.#stderr += text;
    });
  }

  /** Resolves when the child is ready. */
  static async start(...args: string[]): Promise<Child> {
    const child = new Child(args);
    const lines = createInterface({ input: child.process.stdout! });
    const ready = new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        child.said.push(JSON.parse(line));
        resolve();
      });
      void child.#exit.then(() => reject(new Error(`the child ended: ${child.#stderr}`)));
    });
    await ready;
    return child;
  }

  /** Resolves when it has ended by itself, and rejects if it has failed. */
  async ended(): Promise<void> {
    await this.#closed;
    if (this.process.exitCode !== 0) throw new Error(`the child failed: ${this.#stderr}`);
  }

  /** kill -9. Resolves when it is gone and all it said is in `said`. Rejects if it had failed before. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#closed;
    if (this.process.signalCode !== 'SIGKILL') throw new Error(`the child failed: ${this.#stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#closed;
  }
}
