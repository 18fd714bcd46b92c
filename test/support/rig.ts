import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { bin } from './paths.ts';
import { tempDir } from './temp-dir.ts';

/** What one run of cip left behind. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; undefined if a signal ended it. */
  readonly status: number | undefined;
}

/** Path in the project → content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where cip is started; in the project if not given. */
  readonly cwd?: string;
  /** A command that starts cip with the arguments it is given after its own; Node itself if not given. */
  readonly through?: readonly string[];
  /** Standard input; none if not given. */
  readonly input?: string | Uint8Array;
  /** Called with the process right after its start, to signal it or to close its streams. */
  readonly onStart?: (process: ChildProcess) => void;
}

/** Variables of the tests' own environment that would change what cip does. */
const foreign =
  /^(CIP_|GITHUB_|GITLAB_|XDG_|NODE_|DOCKER_|REGISTRY_AUTH_FILE$|CI$|NO_COLOR$|FORCE_COLOR$|CLICOLOR|SOURCE_DATE_EPOCH$)/;

/**
 * A project in a temporary directory, with a store and a home of its own, on which the real program is run:
 *
 *     await using rig = await Rig.setup({ files: { 'contexts/00-base/Dockerfile': 'FROM scratch\n' } });
 *     const { status, stdout } = await rig.cip('build');
 */
export class Rig implements AsyncDisposable {
  /** Absolute path of the project. */
  readonly project: string;
  /** Absolute path of the store. */
  readonly store: string;
  readonly #directory: AsyncDisposable & { readonly path: string };
  readonly #running = new Set<ChildProcess>();
  #registry: string | undefined;

  private constructor(directory: AsyncDisposable & { readonly path: string }) {
    this.#directory = directory;
    this.project = join(directory.path, 'project');
    this.store = join(directory.path, 'store');
  }

  /** `registry`: also serve one, see `registry` below. */
  static async setup({ files = {}, registry = false }: { files?: Files; registry?: boolean } = {}): Promise<Rig> {
    const rig = new Rig(await tempDir());
    for (const directory of ['project', 'home']) await mkdir(join(rig.#directory.path, directory));
    await rig.write(files);
    if (registry) rig.#registry = await rig.#serve();
    return rig;
  }

  /** `127.0.0.1:PORT` of the registry that `cip registry serve` serves for this rig. */
  get registry(): string {
    if (this.#registry === undefined) throw new Error('set up the rig with { registry: true }');
    return this.#registry;
  }

  /** Runs the real program to its end. */
  async cip(...args: (string | RunOptions)[]): Promise<Outcome> {
    const options = args.find((arg) => typeof arg !== 'string') ?? {};
    const child = this.#start(
      args.filter((arg) => typeof arg === 'string'),
      options,
    );
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    options.onStart?.(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return { ...output, status: code ?? undefined };
  }

  /** Writes files of the project, and the directories they are in. */
  async write(files: Files): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.project, path)), { recursive: true });
      await writeFile(join(this.project, path), content);
    }
  }

  read(path: string): Promise<string> {
    return readFile(join(this.project, path), 'utf8');
  }

  /** Ends what still runs, and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        child.kill('SIGTERM');
        await once(child, 'close');
      }),
    );
    await this.#directory[Symbol.asyncDispose]();
  }

  #start(args: readonly string[], { env = {}, cwd = this.project, through = [], input }: RunOptions): ChildProcess {
    const own = { HOME: join(this.#directory.path, 'home'), CIP_STORE: this.store };
    const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    const [program, ...rest] = [...through, process.execPath, bin, ...args];
    const child = spawn(program!, rest, {
      cwd,
      env: { ...Object.fromEntries(inherited), ...own, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    child.stdin?.end(input);
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  /** Serves until the rig is disposed; its first line on stdout is the address. */
  async #serve(): Promise<string> {
    const storage = join(this.#directory.path, 'registry');
    const child = this.#start(['registry', 'serve', '--addr', '127.0.0.1:0', '--storage', storage], {});
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const lines = createInterface({ input: child.stdout! });
    const [address] = await Promise.race([once(lines, 'line'), once(child, 'close').then(() => [undefined])]);
    if (typeof address === 'string') return address;
    throw new Error(`cip registry serve ended: ${complaint}`);
  }
}
