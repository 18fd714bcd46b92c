import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getSystemErrorMap } from 'node:util';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { type ProgramEnd, type RunningProgram, startProgram } from '../../program/start-program.ts';
import { FailureError } from '../../result.ts';
import type { OnOutput, ProcessExit, ProcessSpec } from './executor.ts';
import { cannotExecute, commandTooLong, sandboxFailed, ulimitRefused } from './failure.ts';
import { NOT_EXECUTED, REFUSED } from './gate-table.ts';
import type { ExecutorTools } from './tools.ts';

/** Milliseconds between two attempts to kill what has not ended yet. */
const KILL_AGAIN = 5;
/** util-linux up to 2.40 says this, and ends with 1, when its child was killed: it cannot kill itself the same way. */
const CHILD_WAS_KILLED = 'sigprocmask unblock failed';

/** One process to start: its command, the files it needs, and how to kill all of it. */
export interface Launch {
  /** For the message when it cannot be executed. */
  readonly process: Pick<ProcessSpec, 'args' | 'env'>;
  readonly command: (files: LaunchFiles) => LaunchCommand;
  /** Where the files of this run go. On a file system that has FIFOs. */
  readonly dir: string;
  readonly tools: ExecutorTools;
  /** Kills what `pid` (a child of this process) has started, as far as it exists by now. Called again until it is gone. */
  readonly kill: (pid: number) => Promise<void> | void;
  /** Kills what the command has left behind; resolves when it is gone. For commands that are not a pid namespace. */
  readonly killRest?: () => Promise<void>;
  readonly onOutput: OnOutput;
}

/**
 * Starts the command, gives it its script, and passes on what the process says until it ends. Fails if the process
 * did not start; rejects with the reason of `signal` once everything has been killed.
 */
export async function launch(options: Launch, signal: AbortSignal): Promise<ProcessExit> {
  signal.throwIfAborted();
  const dir = await mkdtemp(join(options.dir, 'run-'));
  try {
    return await launchIn(dir, options, signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function launchIn(dir: string, options: Launch, signal: AbortSignal): Promise<ProcessExit> {
  const files: LaunchFiles = { table: (index) => join(dir, `fstab-${index}`), gateTable: join(dir, 'gate') };
  const { command, script, tables, gate } = options.command(files);
  const [stdout, stderr] = [join(dir, 'stdout'), join(dir, 'stderr')];
  await Promise.all([
    makeFifos(options.tools, [stdout, stderr]),
    ...tables.map((table, index) => writeFile(files.table(index), table)),
    writeFile(files.gateTable, gate),
  ]);
  signal.throwIfAborted();

  const output = [openFifo(stdout), openFifo(stderr)] as const;
  const [program, ...args] = command;
  const running = await startProgram({
    program: program!,
    args,
    stdio: ['pipe', output[0].write, 'pipe', output[1].write],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
    keptStderr: Number.POSITIVE_INFINITY,
  });
  for (const { write } of output) closeSync(write);

  const passed = Promise.all([
    passOn(output[0].read, (text) => options.onOutput('stdout', text)),
    passOn(output[1].read, (text) => options.onOutput('stderr', text)),
  ]);
  if ('how' in running) {
    await passed;
    // No fault of the namespaces: it is told for what it is.
    if (running.error.code === 'EMFILE' || running.error.code === 'ENFILE') throw running.error;
    throw new FailureError(sandboxFailed(running.error.message), { cause: running.error });
  }
  // Its end is what tells: a script that is not read to its end is no news.
  running.child.stdin!.end(script);

  const end = await killedOnAbort(running, options.kill, signal);
  await options.killRest?.();
  await passed;
  signal.throwIfAborted();
  await running.closed;
  const [before = '', after] = running.said().split(`${STARTED}\n`);
  const errno = end.how === 'status' ? end.status : undefined;
  // The first program that is handed the arguments of the process is one of this machine.
  const isTooLong = (after === undefined ? before : '').includes('Argument list too long');
  if (isTooLong || (after?.includes(NOT_EXECUTED) && errno === system.errno.E2BIG)) throw tooLong(options.process);
  if (before.includes(`${REFUSED}prlimit64`)) throw new FailureError(ulimitRefused());
  if (after === undefined) throw new FailureError(sandboxFailed(complaint(before, errno)));
  if (after.includes(NOT_EXECUTED)) throw new FailureError(cannotExecute(options.process.args[0]!, errorText(errno)));
  return exitStatus(after.includes(CHILD_WAS_KILLED) ? { how: 'signal', signal: 'SIGKILL' } : end);
}

/** Any user may open them again, by way of /dev/stdout. */
async function makeFifos({ mkfifo }: ExecutorTools, files: readonly string[]): Promise<void> {
  const made = await runProgram(mkfifo, { args: ['-m', '666', ...files], env: 'inherited' });
  if (!succeeded(made)) throw new FailureError(sandboxFailed(complaintOf(made)));
}

/** A FIFO and not the socket that Node makes of a pipe: `> /dev/stdout` cannot open a socket. */
function openFifo(path: string): { readonly read: Socket; readonly write: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { read: new Socket({ fd, readable: true, writable: false }), write: openSync(path, constants.O_WRONLY) };
}

/** A process that says more than is taken from it waits. */
async function passOn(from: Socket, onText: (text: string) => unknown): Promise<void> {
  from.setEncoding('utf8');
  for await (const text of from) await onText(text as string);
}

/** Resolves when the program is gone; once the signal aborts it is killed until it is. */
export async function killedOnAbort(
  { child, ended }: RunningProgram,
  kill: Launch['kill'],
  signal: AbortSignal,
): Promise<ProgramEnd> {
  let running = true;
  const killing = async () => {
    while (running) {
      await kill(child.pid);
      await Promise.race([ended, delay(KILL_AGAIN)]);
    }
  };
  let killed: Promise<void> | undefined;
  const onAbort = () => {
    killed = killing();
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await ended;
  } finally {
    running = false;
    signal.removeEventListener('abort', onAbort);
    await killed;
  }
}

/** With the error of the call, where the gate says that one was refused: that is what it ends with. */
function complaint(said: string, errno: number | undefined): string {
  return said
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith(REFUSED) ? `${line.slice(REFUSED.length)}: ${errorText(errno)}` : line))
    .join('\n');
}

function errorText(errno: number | undefined): string {
  const [name, text] = getSystemErrorMap().get(-(errno ?? 0)) ?? [];
  return text === undefined ? `error ${errno}` : `${text} (${name})`;
}

/** Of pages of 4 KiB, with the byte that ends it. MAX_ARG_STRLEN of execve(2) */
const LONGEST_ARGUMENT = 32 * 4096;

/** Machines with larger pages take more; who is refused is told what is longest. */
function tooLong({ args, env }: Launch['process']): FailureError {
  const parts = [
    ...args.map((text) => ({ what: 'the command', size: Buffer.byteLength(text) })),
    ...env.map((text) => ({ what: `the variable ${text.split('=', 1)[0]}`, size: Buffer.byteLength(text) })),
  ];
  const longest = parts.reduce((best, part) => (part.size > best.size ? part : best));
  if (longest.size >= LONGEST_ARGUMENT) return new FailureError(commandTooLong(longest.what, longest.size));
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return new FailureError(commandTooLong('the command with its environment', size));
}

function exitStatus(end: ProgramEnd): ProcessExit {
  return end.how === 'status' ? { code: end.status } : { code: 128 + system.signals[end.signal], signal: end.signal };
}

/** At once and for sure; who is gone already is no matter. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** For processes that were started as the head of a group. */
export function killGroup(pid: number): void {
  kill(-pid);
}

/**
 * Kills the children of an unshare(1) that has made a pid namespace: its pid 1, and with it all that is in it.
 * unshare(1) waits for it, and so ends when nothing is left; killed itself, it would leave its child to die some time
 * later.
 */
export async function killChildren(pid: number): Promise<void> {
  for (const child of await childProcessesOf(pid)) kill(child);
}

/** Those that a process of one thread has now; none of one that is gone. */
export async function childProcessesOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').flatMap((text) => (text === '' ? [] : [Number(text)]));
}

/** What `launch()` starts. */
export interface LaunchCommand {
  readonly command: readonly string[];
  /**
   * For the standard input of the command. Its file descriptor 3 is what the process is to get as standard error; its
   * own is for complaints, and for the word below.
   */
  readonly script: string;
  /** To be written to the files named by `tableFile`. */
  readonly tables: readonly string[];
  /** To be written to the file that `gateTable` names. */
  readonly gate: Buffer;
}

/** Names of files in a directory of one run. */
export interface LaunchFiles {
  readonly table: (index: number) => string;
  readonly gateTable: string;
}

/** What the gate says on the script's standard error when all is set up and the process is about to start. */
export const STARTED = 'cip:started';
