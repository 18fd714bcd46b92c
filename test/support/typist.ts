import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { bin } from './paths.ts';
import type { Rig } from './rig.ts';

/** How cip is run at a terminal. */
export interface TypistOptions {
  /** A command that runs cip with the arguments it is given after its own. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A line for sh, before cip is started at that terminal. */
  readonly before?: string;
}

/** Runs cip at a terminal of its own (script(1)), waits for what it shows, and types. No argument may need quotes. */
export class Typist implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #shown = '';
  #from = 0;

  constructor(rig: Rig, args: readonly string[], { through = [], env = {}, before = ':' }: TypistOptions = {}) {
    const line = `stty -g; ${before}; ${[...through, process.execPath, bin, ...args].join(' ')}; echo "status $?"; stty -g`;
    this.#child = spawn('script', ['-q', '-f', '-E', 'never', '-c', line, '/dev/null'], {
      cwd: rig.project,
      env: {
        PATH: process.env['PATH'],
        HOME: join(dirname(rig.project), 'home'),
        CIP_STORE: rig.store,
        TERM: 'vt100',
        SHELL: '/bin/sh',
        NO_COLOR: '1',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
  }

  /** All that was on the screen, without what returns the carriage. */
  get shown(): string {
    return this.#shown.replaceAll('\r', '');
  }

  /** What is shown from the last such text on. Throws where cip ends without it. */
  async see(text: string | RegExp): Promise<void> {
    for (;;) {
      const rest = this.shown.slice(this.#from);
      const at = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
      if (at >= 0) {
        this.#from += at + 1;
        return;
      }
      const more = once(this.#child.stdout!, 'data').then(() => true);
      if (!(await Promise.race([more, this.#ended.then(() => false)]))) {
        if (this.shown.slice(this.#from).search(text) >= 0) return;
        throw new Error(`${text} was not shown:\n${this.shown}`);
      }
    }
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** Waits for the end. */
  async end(): Promise<string> {
    await this.#ended;
    return this.shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
