import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FailureError } from '../../result.ts';
import type { ExitStatus, OnOutput } from './executor.ts';
import { cannotExecute, hostnameNotSet, loopbackNotUp, sandboxFailed } from './failure.ts';
import { FirstWords } from './first-words.ts';
import { HOSTNAME_NOT_SET, type LaunchCommand, LOOPBACK_NOT_UP, STARTED } from './launch-command.ts';
import type { ExecutorTools } from './tools.ts';

const execFileAsync = promisify(execFile);

/** Milliseconds between two attempts to kill what has not ended yet. */
const KILL_AGAIN = 5;
/** util-linux up to 2.40 says this, and ends with 1, when its child was killed: it cannot kill itself the same way. */
const CHILD_WAS_KILLED = 'sigprocmask unblock failed';

export interface Launch {
  /** For the message when it cannot be executed. */
  readonly program: string;
  readonly hostname: string;
  /** Given the name of the n-th file for its tables. */
  readonly command: (tableFile: (index: number) => string) => LaunchCommand;
  /** Where the files of this run go. On a file system that has FIFOs. */
  readonly dir: string;
  readonly tools: ExecutorTools;
  /** Kills what `pid` (a child of this process) has started, as far as it exists by now. Called again until it is gone. */
  readonly kill: (pid: number) => Promise<void> | void;
  /** Kills what the command has left behind; resolves when it is gone. For commands that are not a pid namespace. */
  readonly killRest?: () => Promise<void>;
}

/**
 * Starts the command, gives it its script, and passes on what the process says until it ends. Fails if the process
 * did not start; rejects with the reason of `signal` once everything has been killed.
 */
export async function launch(options: Launch, onOutput: OnOutput, signal: AbortSignal): Promise<ExitStatus> {
  signal.throwIfAborted();
  const dir = await mkdtemp(join(options.dir, 'run-'));
  try {
    return await launchIn(dir, options, onOutput, signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function launchIn(dir: string, options: Launch, onOutput: OnOutput, signal: AbortSignal): Promise<ExitStatus> {
  const tableFile = (index: number) => join(dir, `fstab-${index}`);
  const { command, script, tables } = options.command(tableFile);
  const [stdout, stderr] = [join(dir, 'stdout'), join(dir, 'stderr')];
  await Promise.all([
    // Any user may open /dev/stdout again.
    execFileAsync(options.tools.mkfifo, ['-m', '666', stdout, stderr]),
    ...tables.map((table, index) => writeFile(tableFile(index), table)),
  ]);
  signal.throwIfAborted();

  const output = [openFifo(stdout), openFifo(stderr)] as const;
  const [file, ...args] = command;
  const child = spawn(file!, args, {
    stdio: ['pipe', output[0].write, 'pipe', output[1].write],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
  });
  for (const { write } of output) closeSync(write);

  const words = new FirstWords(onOutput);
  const passed = Promise.all([
    passOn(output[0].read, (text) => words.say('stdout', text)),
    passOn(output[1].read, (text) => words.say('stderr', text)),
  ]);
  const said = collect(child);
  const ended = ending(child);
  // Its end is what tells: a script that is not read to its end is no news.
  child.stdin!.on('error', () => {});
  child.stdin!.end(script);

  const [code, signalName] = await killedOnAbort(child, ended, options.kill, signal);
  await options.killRest?.();
  await passed;
  signal.throwIfAborted();
  const [before = '', after] = (await said).split(`${STARTED}\n`);
  if (after === undefined) throw new FailureError(notStarted(before, options.hostname));
  const status = exitStatus(code, after.includes(CHILD_WAS_KILLED) ? 'SIGKILL' : signalName);
  const complaint = words.end();
  if (complaint !== undefined && status.code !== 0) throw new FailureError(cannotExecute(options.program, complaint));
  words.release();
  return status;
}

/** A FIFO and not the socket that spawn() makes: `> /dev/stdout` cannot open a socket. */
function openFifo(path: string): { readonly read: Socket; readonly write: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { read: new Socket({ fd, readable: true, writable: false }), write: openSync(path, constants.O_WRONLY) };
}

function passOn(from: Socket, onText: (text: string) => void): Promise<void> {
  from.setEncoding('utf8');
  from.on('data', onText);
  return new Promise((resolve, reject) => from.once('error', reject).once('close', () => resolve()));
}

async function collect(child: ChildProcess): Promise<string> {
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => child.stderr!.once('close', resolve));
  return text;
}

function ending(child: ChildProcess): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code, signal) => resolve([code, signal]));
  });
}

async function killedOnAbort<T>(
  child: ChildProcess,
  ended: Promise<T>,
  kill: Launch['kill'],
  signal: AbortSignal,
): Promise<T> {
  let running = true;
  const killing = async () => {
    while (running) {
      await kill(child.pid!);
      await Promise.race([ended, delay(KILL_AGAIN)]);
    }
  };
  let killed: Promise<void> | undefined;
  const onAbort = () => {
    if (child.pid !== undefined) killed = killing();
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

function notStarted(said: string, hostname: string) {
  if (said.includes(HOSTNAME_NOT_SET)) return hostnameNotSet(hostname);
  if (said.includes(LOOPBACK_NOT_UP)) return loopbackNotUp();
  return sandboxFailed(said);
}

function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal === null ? { code: code! } : { code: 128 + system.signals[signal], signal };
}
