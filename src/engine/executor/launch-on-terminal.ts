import { constants, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { startProgram } from '../../program/start-program.ts';
import { FailureError } from '../../result.ts';
import type { ProcessExit } from './executor.ts';
import { sandboxFailed, toolMissing } from './failure.ts';
import { childProcessesOf, killedOnAbort, type Launch, STARTED } from './launch.ts';
import { shellCommand, shellWord } from './shell.ts';
import type { LentTerminal, TerminalSize } from './terminal.ts';

/**
 * As `launch()`, for a process on a terminal of its own, whose other end is that of a person: script(1) makes it, since Node
 * cannot. The process has nothing of the terminal of the person itself, into which it could type.
 */
export async function launchOnTerminal(launch: TerminalLaunch, signal: AbortSignal): Promise<ProcessExit> {
  signal.throwIfAborted();
  const dir = await mkdtemp(join(launch.dir, 'run-'));
  try {
    await launchIn(dir, launch, signal);
    return { code: 0 };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type TerminalLaunch = Launch & { readonly terminal: LentTerminal };

async function launchIn(
  dir: string,
  { tools, command: commandOf, kill, killRest, terminal: lent }: TerminalLaunch,
  signal: AbortSignal,
): Promise<void> {
  if (tools.script === undefined) throw new FailureError(toolMissing('script', 'bsdutils (part of util-linux)'));
  const { terminal, user } = lent;
  const files = { table: (index: number) => join(dir, `fstab-${index}`), gateTable: join(dir, 'gate') };
  const { command, script, tables, gate } = commandOf(files);
  const [text, said, device] = ['script', 'said', 'device'].map((name) => join(dir, name)) as [string, string, string];
  await Promise.all([
    // A FIFO: what the script has of the environment is on no disk.
    makeFifo(tools.mkfifo, text),
    ...tables.map((table, index) => writeFile(files.table(index), table)),
    writeFile(files.gateTable, gate),
    writeFile(said, ''),
    writeFile(device, ''),
  ]);
  signal.throwIfAborted();
  const line = [
    sizeCommand(terminal.size),
    `tty >${shellWord(device)}`,
    // What was started in the background, as the worker was, and its children ignore these.
    `exec ${shellCommand([tools.env, '--default-signal=INT,QUIT', ...command, text])} 3>&2 2>${shellWord(said)}`,
  ].join('; ');
  const env = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: terminal.type, SHELL: tools.sh };
  const running = await startProgram({
    program: tools.script,
    args: ['-q', '-f', '-e', '-E', 'always', '-c', line, '/dev/null'],
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
    detached: true,
  });
  if ('how' in running) throw new FailureError(sandboxFailed(running.error.message), { cause: running.error });
  const { child } = running;
  // For both ends: the shell may come later, or never.
  const fifo = new Socket({
    fd: openSync(text, constants.O_RDWR | constants.O_NONBLOCK),
    readable: false,
    writable: true,
  });
  fifo.write(script);
  child.stdout!.on('data', (bytes: Buffer) => terminal.write(bytes));
  user.input.pipe(child.stdin!);
  user.onResized((size) => void resize(device, size));
  try {
    await killedOnAbort(running, (pid) => killBelow(pid, kill), signal);
    await killRest?.();
    await running.closed;
  } finally {
    user.input.unpipe();
    fifo.destroy();
  }
  signal.throwIfAborted();
  const complaint = await readFile(said, 'utf8');
  if (!complaint.includes(STARTED)) throw new FailureError(sandboxFailed(complaint.trim() || running.said().trim()));
}

/** What script(1) has started is the head of a group, as what `launch()` starts is. */
async function killBelow(pid: number, kill: Launch['kill']): Promise<void> {
  for (const child of await childProcessesOf(pid)) await kill(child);
}

function sizeCommand({ columns, rows }: TerminalSize): string {
  return `stty rows ${rows} cols ${columns} 2>/dev/null`;
}

async function resize(device: string, size: TerminalSize): Promise<void> {
  const name = (await readFile(device, 'utf8').catch(() => '')).trim();
  if (!name.startsWith('/dev/')) return;
  // It may be gone by now.
  await runProgram('stty', {
    args: ['-F', name, 'rows', `${size.rows}`, 'cols', `${size.columns}`],
    env: 'inherited',
  });
}

async function makeFifo(mkfifo: string, file: string): Promise<void> {
  const made = await runProgram(mkfifo, { args: ['-m', '600', file], env: 'inherited' });
  if (!succeeded(made)) throw new FailureError(sandboxFailed(complaintOf(made)));
}
