import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * All of a program's environment. `inherited` is that of this process, but with complaints in English, since some are
 * matched and others are shown.
 */
export type Environment = Readonly<Record<string, string | undefined>> | 'inherited';

/** A program to be started. */
export interface ProgramStart {
  /** A path, or a name that is looked for in the PATH of `env`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd?: string | undefined;
  /** As Node has it: what is file descriptor 0, 1, 2, and so on. */
  readonly stdio: StdioOptions;
  /** Head of a session and a group of its own, out of reach of the terminal: Ctrl-C is not for it. */
  readonly detached?: boolean | undefined;
  /** How many bytes of the end of its standard error are kept, where that is a pipe: 16 KiB unless given. */
  readonly keptStderr?: number | undefined;
}

/** A program that never ran. A file whose interpreter is missing is `not-found` as well. */
export interface NotStarted {
  readonly how: 'not-found' | 'not-started';
  readonly error: NodeJS.ErrnoException;
}

/** How a program that ran came to its end. */
export type ProgramEnd =
  | { readonly how: 'status'; readonly status: number }
  | { readonly how: 'signal'; readonly signal: NodeJS.Signals };

/** A program that runs. */
export interface RunningProgram {
  /** Its number, its streams, its IPC channel. */
  readonly child: ChildProcess & { readonly pid: number };
  /** Resolves when it is gone. Others may still have its outputs open. */
  readonly ended: Promise<ProgramEnd>;
  /** Resolves when it is gone and its outputs have been read to their end, or were destroyed. */
  readonly closed: Promise<ProgramEnd>;
  /** The end of what it has said on standard error, where that is a pipe. */
  readonly said: () => string;
  /**
   * Gives it its standard input, as far as it takes it. What the source fails with kills the program and is thrown; that the
   * program took less is told by how it ends.
   */
  readonly feed: (source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>) => Promise<void>;
  /** Kills it and resolves when it is gone; who inherited its outputs is not waited for. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a program to live with; `runProgram()` is for those that are run to their end. This room alone starts programs, so
 * that each is given an environment on purpose and each end has one form. Throws where `cwd` is missing.
 */
export async function startProgram(start: ProgramStart): Promise<RunningProgram | NotStarted> {
  const { program, args, cwd, stdio, detached = false } = start;
  let child: ChildProcess;
  try {
    child = spawn(program, args, { cwd, stdio, detached, env: environmentOf(start.env) });
  } catch (error) {
    // What Node does not say by an event: more arguments than the kernel takes, a NUL in one of them.
    return { how: 'not-started', error: error as NodeJS.ErrnoException };
  }
  const ended = new Promise<ProgramEnd>((resolve) => child.once('exit', (...end) => resolve(endOf(...end))));
  const closed = new Promise<ProgramEnd>((resolve) => child.once('close', (...end) => resolve(endOf(...end))));
  const said = child.stderr ? tailOf(child.stderr, start.keptStderr ?? KEPT) : () => '';
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    if (error.code !== 'ENOENT') return { how: 'not-started', error };
    if (cwd !== undefined && !existsSync(cwd)) throw new Error(`there is no directory ${cwd}`, { cause });
    return { how: 'not-found', error };
  }
  // A signal that may not be sent, a message that finds nobody: how it ends says what there is to say.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  return {
    child: child as RunningProgram['child'],
    ended,
    closed,
    said,
    feed: (source) => feed(child, source),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      for (const stream of child.stdio) stream?.destroy();
    },
  };
}

/** Of standard error, in bytes. */
const KEPT = 16 * 1024;

function environmentOf(env: Environment): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: for those who ask for it by name; nobody else sees it.
  return env === 'inherited' ? { ...process.env, LC_ALL: 'C' } : { ...env };
}

function endOf(status: number | null, signal: NodeJS.Signals | null): ProgramEnd {
  return signal === null ? { how: 'status', status: status! } : { how: 'signal', signal };
}

async function feed(child: ChildProcess, source: Parameters<RunningProgram['feed']>[0]): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  async function* watched() {
    try {
      yield* source;
    } catch (error) {
      failed = { error };
      throw error;
    }
  }
  await pipeline(watched(), child.stdin!).catch(() => {});
  if (failed === undefined) return;
  child.kill('SIGKILL');
  throw failed.error;
}

/** Reads all of the stream, and forgets all but its last bytes. */
function tailOf(stream: Readable, limit: number): () => string {
  let chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    // Not each time, which would cost as much as all that is kept.
    if (length <= 2 * limit) return;
    chunks = [Buffer.concat(chunks).subarray(-limit)];
    length = limit;
  });
  return () => Buffer.concat(chunks).subarray(-limit).toString();
}
