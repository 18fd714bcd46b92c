import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import type { Duplex, Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { IsolationTier } from '../engine/engine-options.ts';
import { ownIds } from '../engine/executor/id-map.ts';
import { findProgram } from '../engine/executor/tools.ts';
import { type Failure, FailureError } from '../result.ts';
import { idMapHelpersRefused, idMapRefused, noUserNamespaces, rootIdsRefused, toolMissing } from './failure.ts';
import { type IdPlan, idMapText, planIds } from './id-plan.ts';
import { namespaceSettings, remediesFor } from './remedies.ts';

const execFileAsync = promisify(execFile);

/** Bytes of standard error that are kept for a message. */
const TAIL = 16 * 1024;

export interface EnterOptions {
  /** Program and arguments; Node's IPC channel reaches it. */
  readonly command: readonly [string, ...string[]];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string };
  /** `none` starts the command where this process is: for machines that refuse namespaces. Never chosen by itself. */
  readonly isolation: 'namespaces' | 'none';
}

export interface Entered {
  readonly tier: IsolationTier;
  /** Has an IPC channel. Killing it kills all it has started. */
  readonly child: ChildProcess;
  /** What the tier lacks, and how to get it. */
  readonly warnings: readonly Failure[];
  /** Settles when the child and all it has started are gone; with the end of what it wrote to standard error. */
  readonly ended: Promise<Ending>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/**
 * First process of the namespaces: waits for its ids, which the parent maps. Until then it is nobody, and has lost its
 * rights; starting itself anew as root gives them back. Without them it would be within reach of steps where those can see
 * it, and through it the files of the machine (ptrace(2) asks for no fewer capabilities than the other has).
 */
const FIRST_PROCESS = `
echo ready >&4
read -r go <&4 || exit 1
exec 4>&-
umask 022
exec "$@"
`;

/**
 * What it becomes. A fresh /proc is refused where parts of the old one are covered (containers), and the old one does.
 * It stays, as pid 1, to reap what loses its parent.
 */
const REAPER = `
unset PWD OLDPWD
"$0" -t proc proc /proc 2>/dev/null
"$@"
exit $?
`;

/**
 * Starts a command as root of a new user namespace, with mount and pid namespaces of its own. Whatever way this process
 * dies, the command and all it has started die with it, and its mounts are gone.
 * Fails with `no-user-namespaces`, `id-map-refused` or `tool-missing`.
 */
export async function enter(options: EnterOptions): Promise<Entered> {
  const tools = await findEnterTools(options.path);
  if (options.isolation === 'none') {
    const started = start([tools.setpriv, '--pdeathsig', 'KILL', ...options.command], options.env);
    return { tier: 'none', child: started.child, warnings: [], ended: started.ended };
  }
  const { plans, warnings } = planIds(await idFacts(options, tools));
  const refused: Failure[] = [];
  for (const plan of plans) {
    const entered = await enterWith(plan, options, tools);
    if ('child' in entered) return { ...entered, tier: plan.tier, warnings: [...warnings, ...refused] };
    refused.push(entered);
  }
  throw new FailureError(idMapRefused(refused.map(({ message }) => message).join('\n')));
}

/** Returns the failure of mapping; what is worth another plan is not thrown. */
async function enterWith(
  plan: IdPlan,
  options: EnterOptions,
  tools: EnterTools,
): Promise<Pick<Entered, 'child' | 'ended'> | Failure> {
  const namespaces = ['--user', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const started = start(
    [
      ...[tools.setpriv, '--pdeathsig', 'KILL'],
      ...[tools.unshare, ...namespaces, tools.sh, '-c', FIRST_PROCESS, tools.sh, tools.sh, '-c', REAPER, tools.mount],
      ...options.command,
    ],
    options.env,
  );
  const gate = started.child.stdio[4] as Duplex;
  // A child that is gone shows in `ended`.
  gate.on('error', () => {});
  if (!(await isReady(gate, started.ended))) {
    const { said } = await started.ended;
    throw new FailureError(noUserNamespaces(said, remediesFor(await namespaceSettings(options.user.uid))));
  }
  const failure = await mapIds(started.child.pid!, plan, tools);
  if (failure !== undefined) {
    started.child.kill('SIGKILL');
    await started.ended;
    return failure;
  }
  gate.end('go\n');
  return started;
}

function start(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly ended: Promise<Ending> } {
  const [file, ...args] = command;
  const child = spawn(file!, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    env: { ...env },
    // Out of reach of the terminal: Ctrl-C is for the parent, who says what is to end.
    detached: true,
  });
  const said = tailOf(child.stderr!);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, said: said() }));
  });
  // Whoever waits for it gets the error; nobody has to.
  ended.catch(() => {});
  return { child, ended };
}

async function isReady(gate: Readable, ended: Promise<Ending>): Promise<boolean> {
  const ready = new Promise<boolean>((resolve) => gate.once('data', () => resolve(true)));
  return Promise.race([ready, ended.then(() => false)]);
}

async function mapIds(pid: number, plan: IdPlan, tools: EnterTools): Promise<Failure | undefined> {
  if (plan.by === 'helper') {
    const args = (ranges: IdPlan['users']) => idMapText(ranges).trim().split(/\s+/);
    try {
      await execFileAsync(tools.newuidmap!, [`${pid}`, ...args(plan.users)]);
      await execFileAsync(tools.newgidmap!, [`${pid}`, ...args(plan.groups)]);
      return undefined;
    } catch (error) {
      return idMapHelpersRefused((error as { stderr?: string }).stderr ?? String(error));
    }
  }
  try {
    // Without rights over groups a process may only map one, and only when it gives up setgroups(2).
    if (plan.tier === 'single-uid') await writeFile(`/proc/${pid}/setgroups`, 'deny');
    await writeFile(`/proc/${pid}/uid_map`, idMapText(plan.users));
    await writeFile(`/proc/${pid}/gid_map`, idMapText(plan.groups));
    return undefined;
  } catch (error) {
    return rootIdsRefused((error as NodeJS.ErrnoException).code ?? String(error));
  }
}

interface EnterTools {
  readonly sh: string;
  readonly mount: string;
  readonly unshare: string;
  readonly setpriv: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

async function findEnterTools(path: string): Promise<EnterTools> {
  const required = async (name: string, from: string) => {
    const file = await findProgram(name, path);
    if (file === undefined) throw new FailureError(toolMissing(name, from));
    return file;
  };
  return {
    sh: await required('sh', 'dash'),
    mount: await required('mount', 'mount (part of util-linux)'),
    unshare: await required('unshare', 'util-linux'),
    setpriv: await required('setpriv', 'util-linux'),
    newuidmap: await findProgram('newuidmap', path),
    newgidmap: await findProgram('newgidmap', path),
  };
}

async function idFacts({ user }: EnterOptions, tools: EnterTools) {
  const [ids, subuid, subgid] = await Promise.all([ownIds(), textOf('/etc/subuid'), textOf('/etc/subgid')]);
  return {
    uid: user.uid,
    gid: user.gid,
    userName: user.name,
    users: ids.users,
    groups: ids.groups,
    subuid,
    subgid,
    hasHelpers: tools.newuidmap !== undefined && tools.newgidmap !== undefined,
  };
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

function tailOf(stream: Readable): () => string {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-TAIL);
  });
  return () => tail;
}
