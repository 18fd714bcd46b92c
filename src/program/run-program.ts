import type { Readable } from 'node:stream';
import {
  type Environment,
  type NotStarted,
  type ProgramEnd,
  type ProgramStart,
  startProgram,
} from './start-program.ts';

/** What a program is run with. */
export interface ProgramRun {
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd?: string | undefined;
  /** Standard input; empty unless given. */
  readonly input?: string | Iterable<string> | undefined;
  /** Bytes of standard output that are read: 1 MiB unless given. A program that writes more is killed. */
  readonly maxStdout?: number | undefined;
  readonly keptStderr?: ProgramStart['keptStderr'];
  /** Milliseconds after which it is killed. */
  readonly timeout?: number | undefined;
}

/** How a run came to its end: by itself, never begun, or killed for one of two reasons. */
export type ProgramOutcome = (
  | ProgramEnd
  | NotStarted
  | { readonly how: 'timeout' }
  | { readonly how: 'too-much-output'; readonly limit: number }
) & {
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
};

const MAX_STDOUT = 1024 * 1024;

/**
 * Runs a program to its end. However that comes is a value; only `signal` makes it reject, with its reason, once the program
 * is gone.
 */
export async function runProgram(
  program: string,
  { args, env, cwd, input, keptStderr, timeout, maxStdout = MAX_STDOUT }: ProgramRun,
  signal?: AbortSignal,
): Promise<ProgramOutcome> {
  signal?.throwIfAborted();
  const stdio = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] as const;
  const running = await startProgram({ program, args, env, cwd, stdio: [...stdio], keptStderr });
  if ('how' in running) return { ...running, stdout: '', stderr: '' };

  let killedFor: 'timeout' | 'too-much-output' | undefined;
  const kill = (why: typeof killedFor) => {
    killedFor ??= why;
    void running.stop();
  };
  const onAbort = () => void running.stop();
  signal?.addEventListener('abort', onAbort);
  const timer = timeout === undefined ? undefined : setTimeout(kill, timeout, 'timeout');
  try {
    if (signal?.aborted) onAbort();
    const output = collect(running.child.stdout!, maxStdout, () => kill('too-much-output'));
    const [end] = await Promise.all([running.closed, input === undefined ? undefined : running.feed(textsOf(input))]);
    signal?.throwIfAborted();
    return { ...whole(end, killedFor, maxStdout), stdout: output(), stderr: running.said() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Whether it ran, and ended with status 0. */
export function succeeded(outcome: ProgramOutcome): boolean {
  return outcome.how === 'status' && outcome.status === 0;
}

/** Of one that did not succeed: what it said, else how it ended; without line breaks at the end. */
export function complaintOf(outcome: ProgramOutcome): string {
  return outcome.stderr.trim() || howItEnded(outcome);
}

/** The same on one line. */
export function complaintLine(outcome: ProgramOutcome): string {
  return complaintOf(outcome).replaceAll('\n', '; ');
}

function howItEnded(outcome: ProgramOutcome): string {
  switch (outcome.how) {
    case 'status':
      return `exit status ${outcome.status}`;
    case 'signal':
      return `ended by ${outcome.signal}`;
    case 'timeout':
      return 'it took too long';
    case 'too-much-output':
      return `it wrote more than ${outcome.limit} bytes`;
    case 'not-found':
      return 'the program was not found';
    case 'not-started':
      return outcome.error.message;
  }
}

/** One that has ended by itself just before it was to be killed has not taken too long. */
function whole(end: ProgramEnd, killedFor: 'timeout' | 'too-much-output' | undefined, limit: number) {
  if (killedFor === 'too-much-output') return { how: killedFor, limit } as const;
  return killedFor === 'timeout' && end.how === 'signal' ? ({ how: killedFor } as const) : end;
}

function textsOf(input: string | Iterable<string>): Iterable<string> {
  return typeof input === 'string' ? [input] : input;
}

/** Reads up to so many bytes, and says once that there are more. */
function collect(stdout: Readable, limit: number, onMore: () => void): () => string {
  const chunks: Buffer[] = [];
  let left = limit;
  stdout.on('data', (chunk: Buffer) => {
    if (left < 0) return;
    chunks.push(left < chunk.length ? chunk.subarray(0, left) : chunk);
    left -= chunk.length;
    if (left < 0) onMore();
  });
  return () => Buffer.concat(chunks).toString();
}
