import { readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { IsolationTier } from '../engine/engine-options.ts';
import { hasNoNewPrivileges } from '../engine/executor/capabilities.ts';
import { ownIds } from '../engine/executor/id-map.ts';
import { findProgram } from '../engine/executor/tools.ts';
import { complaintOf, runProgram, succeeded } from '../program/run-program.ts';
import { type RunningProgram, startProgram } from '../program/start-program.ts';
import { type Failure, FailureError } from '../result.ts';
import {
  accountGroupLeft,
  helpersWithoutPrivileges,
  idMapHelpersRefused,
  idMapRefused,
  namespaceToolMissing,
  noUserNamespaces,
  ownIdRefused,
  rootIdsRefused,
} from './failure.ts';
import { type IdPlan, idMapText, planIds } from './id-plan.ts';
import { namespaceSettings, remediesFor } from './remedies.ts';

/** Who has started cip. */
export interface CallingUser {
  readonly uid: number;
  /** Of this process, which newgrp(1) and others may have changed. */
  readonly gid: number;
  readonly name: string;
  /** The primary group of the account; `gid` if not given. */
  readonly accountGid?: number | undefined;
}

/** What to start inside new namespaces, and as whom. */
export interface EnterOptions {
  /** Program and arguments; Node's IPC channel reaches it. */
  readonly command: readonly [string, ...string[]];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  readonly user: CallingUser;
  /** `chroot` starts the command where this process is: for machines that refuse namespaces. */
  readonly isolation: 'namespaces' | 'chroot';
  /** Roots of steps are below this directory. */
  readonly rootsDir: string;
}

/** The process that was started, and the tier that was reached. */
export interface Entered {
  readonly tier: IsolationTier;
  /** Has an IPC channel. */
  readonly child: RunningProgram['child'];
  /** Ends it and all it has started, at once and whatever they are doing. */
  readonly kill: () => void;
  /** What the tier lacks, and how to get it. */
  readonly warnings: readonly Failure[];
  /** Settles when the child and all it has started are gone; with the end of what it wrote to standard error. */
  readonly ended: Promise<Ending>;
}

/** How the process ended, as Node says it; `said` is the last of its standard error. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/**
 * First process of the namespaces: waits for its ids, which the parent maps. Until then it is nobody, and has lost its
 * rights; starting itself anew as root gives them back. Without them it would be within reach of steps where those can see
 * it, and through it the files of the machine (ptrace(2) asks for no fewer capabilities than the other has). With
 * no_new_privs nothing is given back by a start: there it keeps its rights while it waits (`--keep-caps`), as ambient
 * ones, which steps do not get.
 */
const FIRST_PROCESS = `
echo ready >&4
read -r go <&4 || exit 1
umask 022
exec "$@"
`;

/**
 * Starts the command and waits until it has ended, with the line `end` for the case that this process is gone before,
 * however busy everybody is: then the kernel closes its end of the socket that is 4 there. A signal for the death of the
 * parent (PR_SET_PDEATHSIG) would be lost with each change of credentials.
 */
const keep = (end: string) => `
"$@" 4<&- &
worker=$!
{ read -r gone <&4; ${end}; } 3<&- >/dev/null 2>&1 &
keeper=$!
# What a shell says of a child that was killed has no reader any more: it would be killed itself.
exec 3<&- 4<&- 2>/dev/null
wait "$worker"
status=$?
`;

/**
 * What it becomes. A fresh /proc is refused where parts of the old one are covered (containers), and the old one does.
 * Steps get no user namespaces of their own: in one they could mount, and reach what else asks for capabilities.
 * It stays, as pid 1, to reap what loses its parent; all that is in its namespace ends with it.
 */
const REAPER = `
unset PWD OLDPWD
"$0" -t proc proc /proc 2>/dev/null
{ echo 0 > /proc/sys/user/max_user_namespaces; } 2>/dev/null
${keep('kill -s KILL -- -1')}
exit "$status"
`;

/**
 * The same where there is no pid namespace to end. Roots of steps are below `$0`: a process that has one of them for its
 * root is a step's.
 */
const KEEPER = `
${keep('kill -s KILL "$worker"')}
kill -s KILL "$keeper" 2>/dev/null
empty=0
while :; do
  left=
  # One program for all of them: one for each takes seconds where the machine is busy.
  roots=$(ls -ld /proc/[0-9]*/root 2>/dev/null)
  while IFS= read -r line; do
    case $line in
      *"/root -> $0/"*)
        process=\${line#*/proc/}
        left=1
        kill -s KILL "\${process%%/*}" 2>/dev/null ;;
    esac
  done <<ROOTS
$roots
ROOTS
  [ -z "$left" ] || { empty=0; continue; }
  empty=$((empty + 1))
  # One that was about to take its root when the worker was killed takes it now.
  [ "$status" -ge 128 ] && [ "$empty" -le 6 ] || exit "$status"
  sleep 0.1
done
`;

/**
 * Starts a command as root of a new user namespace, with mount and pid namespaces of its own. Whatever way this process
 * dies, the command and all it has started die with it, and its mounts are gone.
 * Fails with `no-user-namespaces`, `id-map-refused` or `tool-missing`.
 */
export async function enter(options: EnterOptions): Promise<Entered> {
  const tools = await findEnterTools(options.path);
  if (options.isolation === 'chroot') {
    const started = await start([tools.sh, '-c', KEEPER, options.rootsDir, ...options.command], options.env);
    return { ...started, tier: 'none', warnings: [] };
  }
  const { plans, warnings } = await plansFor(options, tools);
  const refused: Failure[] = [];
  for (const plan of plans) {
    const entered = await enterWith(plan, options, tools);
    if ('child' in entered) return { ...entered, tier: plan.tier, warnings: [...warnings, ...refused] };
    refused.push(entered);
  }
  const { uid } = options.user;
  const user = uid === 0 ? 'root' : { remedies: remediesFor(await namespaceSettings(uid)) };
  throw new FailureError(idMapRefused(refused.map(({ message }) => message).join('\n'), user));
}

/** The plans that `enter()` would try, best first, and what keeps a better one from being there. */
export async function plansHere(options: Pick<EnterOptions, 'path' | 'user'>): ReturnType<typeof plansFor> {
  return plansFor(options, await findEnterTools(options.path));
}

async function plansFor(options: Pick<EnterOptions, 'user'>, tools: EnterTools) {
  return planIds(await idFacts(options, tools));
}

/** Returns the failure of mapping; what is worth another plan is not thrown. */
async function enterWith(plan: IdPlan, options: EnterOptions, tools: EnterTools): Promise<Started | Failure> {
  const keepsRights = (await hasNoNewPrivileges()) ? ['--keep-caps'] : [];
  const namespaces = ['--user', ...keepsRights, '--mount', '--pid', '--fork', '--kill-child'];
  const started = await start(
    [
      ...[tools.unshare, ...namespaces, '--propagation', 'private'],
      ...[tools.sh, '-c', FIRST_PROCESS, tools.sh, tools.sh, '-c', REAPER, tools.mount],
      ...options.command,
    ],
    options.env,
  );
  if (!(await isReady(started))) {
    const { said } = await started.ended;
    throw new FailureError(noUserNamespaces(said, remediesFor(await namespaceSettings(options.user.uid))));
  }
  const failure = await mapIds(started.child.pid, plan, { tools, user: options.user });
  if (failure !== undefined) {
    started.kill();
    await started.ended;
    return failure;
  }
  // Not ended: this end stays open for as long as this process lives.
  lifelineOf(started.child).write('go\n');
  return started;
}

type Started = Pick<Entered, 'child' | 'ended' | 'kill'>;

async function start(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Started> {
  const [program, ...args] = command;
  const running = await startProgram({
    program: program!,
    args,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    // Out of reach of the terminal: Ctrl-C is for the parent, who says what is to end.
    detached: true,
  });
  if ('how' in running) throw running.error;
  const { child, closed, said } = running;
  const lifeline = lifelineOf(child);
  // A child that is gone shows in `ended`.
  lifeline.on('error', () => {});
  const ended = closed.then((end) => ({
    code: end.how === 'status' ? end.status : null,
    signal: end.how === 'signal' ? end.signal : null,
    said: said(),
  }));
  return { child, ended, kill: () => lifeline.destroy() };
}

/** The socket by whose other end the child knows that this process lives. It keeps nobody waiting. */
function lifelineOf(child: Started['child']): Socket {
  return child.stdio[4] as Socket;
}

async function isReady({ child, ended }: Started): Promise<boolean> {
  const lifeline = lifelineOf(child);
  const ready = new Promise<boolean>((resolve) => lifeline.once('data', () => resolve(true)));
  const answer = await Promise.race([ready, ended.then(() => false)]);
  lifeline.unref();
  return answer;
}

async function mapIds(
  pid: number,
  plan: IdPlan,
  { tools, user }: { readonly tools: EnterTools; readonly user: CallingUser },
): Promise<Failure | undefined> {
  if (plan.by === 'helper') {
    for (const [helper, ranges] of [
      [tools.newuidmap!, plan.users],
      [tools.newgidmap!, plan.groups],
    ] as const) {
      const args = [`${pid}`, ...idMapText(ranges).trim().split(/\s+/)];
      const mapped = await runProgram(helper, { args, env: 'inherited' });
      if (!succeeded(mapped)) return await whyRefused(user, complaintOf(mapped));
    }
    return undefined;
  }
  try {
    // Without rights over groups a process may only map one, and only when it gives up setgroups(2).
    if (plan.tier === 'single-uid') await writeFile(`/proc/${pid}/setgroups`, 'deny');
    await writeFile(`/proc/${pid}/uid_map`, idMapText(plan.users));
    await writeFile(`/proc/${pid}/gid_map`, idMapText(plan.groups));
    return undefined;
  } catch (error) {
    const said = (error as NodeJS.ErrnoException).code ?? String(error);
    return user.uid === 0 ? rootIdsRefused(said) : ownIdRefused(said);
  }
}

/** `said` is what the helper answered, which often knows no more than that the kernel refused. */
async function whyRefused({ name, gid, accountGid = gid }: CallingUser, said: string): Promise<Failure> {
  if (await hasNoNewPrivileges()) return helpersWithoutPrivileges();
  return gid === accountGid ? idMapHelpersRefused(said) : accountGroupLeft({ name, gid, accountGid });
}

interface EnterTools {
  readonly sh: string;
  readonly mount: string;
  readonly unshare: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

async function findEnterTools(path: string): Promise<EnterTools> {
  const required = async (name: string, from: string) => {
    const file = await findProgram(name, path);
    if (file === undefined) throw new FailureError(namespaceToolMissing(name, from));
    return file;
  };
  return {
    sh: await required('sh', 'dash'),
    mount: await required('mount', 'mount (part of util-linux)'),
    unshare: await required('unshare', 'util-linux'),
    newuidmap: await findProgram('newuidmap', path),
    newgidmap: await findProgram('newgidmap', path),
  };
}

async function idFacts({ user }: Pick<EnterOptions, 'user'>, tools: EnterTools) {
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
