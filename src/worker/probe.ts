import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IsolationTier } from '../engine/engine-options.ts';
import { storeNoexec } from '../engine/executor/failure.ts';
import { mountFlagsOf } from '../engine/executor/mount-flags.ts';
import { findProgram } from '../engine/executor/tools.ts';
import { FailureError, failuresOf } from '../result.ts';
import { type Entered, type EnterOptions, enter } from './enter.ts';
import { workerDied } from './failure.ts';
import type { FromWorker, MachineFact, ToWorker } from './protocol.ts';
import { OVERLAY, type ProbeOrder } from './protocol.ts';
import { isRestrictedByAppArmor, type NamespaceSettings, namespaceSettings, remediesFor } from './remedies.ts';
import { isChrootTaken } from './worker-builder.ts';

/** Where `cip doctor` tries things, and as whom. */
export interface ProbeOptions {
  /** Existing directory on the file system of the store. What is made in it is removed again. */
  readonly dir: string;
  readonly user: EnterOptions['user'];
  /** Environment of the process that tries things: PATH and little else. */
  readonly env: Readonly<Record<string, string>> & { readonly PATH: string };
  /** This process is in a container, where `auto` may be content with a chroot. */
  readonly inContainer?: boolean | undefined;
  /** Options for node; those of this process unless given. */
  readonly execArgv?: readonly string[] | undefined;
}

const tools: readonly { readonly name: string; readonly from: string; readonly required: boolean }[] = [
  { name: 'unshare', from: 'util-linux', required: true },
  { name: 'mount', from: 'mount (part of util-linux)', required: true },
  { name: 'getfattr', from: 'attr', required: false },
  { name: 'tar', from: 'tar', required: false },
  { name: 'newuidmap', from: 'uidmap', required: false },
  { name: 'newgidmap', from: 'uidmap', required: false },
];

const tierDetails = {
  'root-map': 'steps run in user namespaces, with all ids of this machine',
  'subuid-map': 'steps run in user namespaces, with the ids of /etc/subuid',
  'single-uid':
    'steps run in user namespaces with one id: what RUN steps make belongs to root, and they run as root only',
  none: 'steps run without namespaces',
} satisfies Record<IsolationTier, string>;

/**
 * What this machine gives to builds: its kernel and programs, and what can be done inside the namespaces a build is in,
 * where each thing is done once.
 */
export async function probeMachine(options: ProbeOptions, signal: AbortSignal): Promise<readonly MachineFact[]> {
  signal.throwIfAborted();
  const outside = [kernelFact(release()), ...(await toolFacts(options.env.PATH))];
  const dir = await mkdtemp(join(options.dir, 'probe-'));
  try {
    const entered = await enter({
      command: [
        process.execPath,
        ...(options.execArgv ?? process.execArgv),
        fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url)),
      ],
      env: options.env,
      path: options.env.PATH,
      user: options.user,
      isolation: 'namespaces',
      rootsDir: dir,
    });
    const inside = await askInside(entered, { dir, path: options.env.PATH, tier: entered.tier }, signal);
    const settings = await namespaceSettings(options.user.uid);
    return [tierOfFacts(inside), ...outside, restrictedFact(inside, settings) ?? namespacesFact(entered), ...inside];
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    const { inContainer = false, user, env } = options;
    const isChroot = inContainer && (await isChrootTaken(error, { user, env, rootsDir: dir }));
    const noexec = isChroot ? await whyNotFrom(dir) : undefined;
    const tier = isChroot && noexec === undefined ? tierFacts.chroot : tierFacts.none;
    // Devices could not be made, which a chroot needs.
    const rights = inContainer && user.uid === 0 && !isChroot ? [CHROOT_RIGHTS] : [];
    const fix = [failure.hint, ...rights].join('; or ');
    const refused: MachineFact = {
      id: 'user-namespaces',
      ok: isChroot ? 'partly' : 'no',
      detail: failure.message,
      fix,
    };
    return [tier, ...outside, refused, ...(noexec === undefined ? [] : [noexec])];
  } finally {
    // The kernel leaves it with no rights at all, not even for its owner.
    await chmod(join(dir, OVERLAY, 'work', 'work'), 0o700).catch(() => {});
    await rm(dir, { recursive: true, force: true });
  }
}

/** For root of a container that neither has namespaces nor makes devices. */
const CHROOT_RIGHTS =
  'for steps in a chroot, give the container the capabilities SYS_CHROOT and MKNOD (docker run --cap-add SYS_CHROOT --cap-add MKNOD; a pod, under securityContext: capabilities: {add: [SYS_CHROOT, MKNOD]})';

/** Why no step runs in a chroot below the directory, where the reason is its file system. */
async function whyNotFrom(dir: string): Promise<MachineFact | undefined> {
  const { noexec, mountPoint } = await mountFlagsOf(dir);
  if (!noexec) return undefined;
  const { message, hint } = storeNoexec(mountPoint);
  return { id: 'run', ok: 'no', detail: message, fix: hint };
}

/** What RUN steps are kept in by `--isolation=auto`: the rows of README's table of tiers. */
const tierFacts = {
  namespaces: {
    id: 'tier',
    ok: 'yes',
    detail: 'namespaces, with a network of their own: --require-isolation is satisfied',
  },
  chroot: {
    id: 'tier',
    ok: 'partly',
    detail:
      'chroot: steps share the processes, the network and the host name of this container, have no /proc, and root can leave it; files are copied for each RUN',
    fix: 'see user-namespaces',
  },
  none: {
    id: 'tier',
    ok: 'no',
    detail: 'none: no RUN step can run here; images without RUN are built',
    fix: 'see user-namespaces and run',
  },
} as const satisfies Record<string, MachineFact>;

/** The tier of a machine with namespaces, by what was tried in there. */
export function tierOfFacts(facts: readonly MachineFact[]): MachineFact {
  if (facts.some(({ id, ok }) => id === 'run' && ok !== 'yes')) return tierFacts.none;
  const limits = facts.filter(({ id, ok }) => id.startsWith('isolation-') && ok !== 'yes').map(({ id }) => id);
  if (limits.length === 0) return tierFacts.namespaces;
  const names = limits.join(', ');
  const detail = `namespaces, but steps are not kept apart from everything (${names}): --require-isolation fails`;
  return { id: 'tier', ok: 'partly', detail, fix: `see ${names}` };
}

async function askInside(
  { child, ended, kill }: Entered,
  order: ProbeOrder,
  signal: AbortSignal,
): Promise<readonly MachineFact[]> {
  const stop = () => kill();
  signal.addEventListener('abort', stop);
  try {
    const answer = once(child, 'message').then(([message]) => message as FromWorker);
    send(child, { type: 'probe', order });
    const first = await Promise.race([answer, ended]);
    send(child, { type: 'close' });
    const ending = await ended;
    signal.throwIfAborted();
    if (!('type' in first) || first.type !== 'probed') {
      throw new FailureError(workerDied(`exit status ${ending.code}`, ending.said));
    }
    return first.facts;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function send(child: Entered['child'], message: ToWorker): void {
  // That it is gone is told by `ended`.
  if (child.connected) child.send(message, () => {});
}

/** Linux 5.11 lets a user namespace mount overlays, 6.7 gives it a binfmt_misc of its own. */
export function kernelFact(text: string): MachineFact {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const version = major * 1000 + minor;
  const id = 'kernel';
  if (version >= 6007) return { id, ok: 'yes', detail: `Linux ${text}` };
  const lacks = version >= 5011 ? 'emulation has to be set up by root' : 'builds without root copy files for each RUN';
  return { id, ok: 'partly', detail: `Linux ${text}: ${lacks}`, fix: 'Linux 6.7 or newer' };
}

async function toolFacts(path: string): Promise<readonly MachineFact[]> {
  return Promise.all(
    tools.map(async ({ name, from, required }): Promise<MachineFact> => {
      const file = await findProgram(name, path);
      const id = `tool-${name}`;
      if (file !== undefined) return { id, ok: 'yes', detail: file };
      return { id, ok: required ? 'no' : 'partly', detail: `${name} is not installed`, fix: `install ${from}` };
    }),
  );
}

/** There is a namespace, and nothing may be done in it: as AppArmor has it where it restricts those of ordinary users. */
export function restrictedFact(inside: readonly MachineFact[], settings: NamespaceSettings): MachineFact | undefined {
  if (!isRestrictedByAppArmor(settings) || !inside.some(({ id, ok }) => id === 'run' && ok === 'no')) return undefined;
  const [fix] = remediesFor(settings);
  const detail = 'AppArmor lets no namespace of this user do anything (kernel.apparmor_restrict_unprivileged_userns)';
  return { id: 'user-namespaces', ok: 'no', detail, fix };
}

function namespacesFact({ tier, warnings }: Entered): MachineFact {
  const id = 'user-namespaces';
  const [warning] = warnings;
  if (warning === undefined) return { id, ok: 'yes', detail: tierDetails[tier] };
  return { id, ok: 'partly', detail: warning.message, fix: warning.hint };
}
