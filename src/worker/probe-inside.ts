import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elfTargets, tinyProgram } from '../engine/executor/elf.ts';
import { BinfmtEmulation, findEmulators } from '../engine/executor/emulation.ts';
import type { ProcessSpec } from '../engine/executor/executor.ts';
import { storeNoexec } from '../engine/executor/failure.ts';
import type { Lack } from '../engine/executor/lack.ts';
import type { Limit } from '../engine/executor/limit.ts';
import { mayMountSys } from '../engine/executor/machine-view.ts';
import {
  lostInCopies,
  lostInMounts,
  type MountFlags,
  makeExecutableDir,
  mountFlagsOf,
} from '../engine/executor/mount-flags.ts';
import { NamespacesExecutor } from '../engine/executor/namespaces-executor.ts';
import { type ExecutorTools, findTools } from '../engine/executor/tools.ts';
import { hostPlatform } from '../oci/platform.ts';
import { complaintLine, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError, failuresOf } from '../result.ts';
import type { MachineFact } from './protocol.ts';
import { OVERLAY, type ProbeOrder } from './protocol.ts';

/** In the worker: does each thing once. */
export async function probeInside({ dir, path, tier }: ProbeOrder): Promise<readonly MachineFact[]> {
  const tools = await findTools(path);
  const executorDir = join(dir, 'executor');
  await makeExecutableDir(executorDir, tools);
  const host = hostPlatform(process.arch);
  const emulators = await findEmulators(path);
  const options = { dir: executorDir, tools, emulators, hostArchitecture: host.architecture };
  const emulation = new BinfmtEmulation({ ...options, ownUserNamespace: tier !== 'none' });
  const executor = new NamespacesExecutor({ dir: executorDir, tools, emulation });

  const { signal } = new AbortController();
  const overlay = await overlayFact(join(dir, OVERLAY), tools);
  const flags = await mountFlagsOf(dir);
  const facts = [overlay, storeMountFact(flags, overlay), await sysFact(tools)];
  // As roots of steps are made here.
  const rootfs = overlay.ok === 'yes' ? join(dir, OVERLAY, 'merged') : join(dir, 'root');
  await mkdir(rootfs, { recursive: true });
  const target = elfTargets[host.architecture];
  if (target !== undefined) {
    await writeFile(join(rootfs, 'exit'), tinyProgram(target, target.exit), { mode: 0o755 });
    for (const [id, network] of [
      ['run', 'host'],
      ['network-none', 'none'],
    ] as const) {
      const process = { ...smallest, network, platform: host };
      const isStartable = overlay.ok === 'yes' || !flags.noexec;
      const run = !isStartable
        ? Promise.reject(new FailureError(storeNoexec(flags.mountPoint)))
        : executor.run({ rootfs, process, onOutput: () => {} }, signal);
      facts.push(await factOf(id, run, id === 'run' ? 'a step runs' : 'a step runs without network'));
    }
  }
  // Where nothing can be run at all, `run` says why.
  const limits = await executor.limits(signal).catch(() => undefined);
  if (limits !== undefined) facts.push(...limitFacts(limits), ...lackFacts(await executor.lacks('default', signal)));
  for (const architecture of Object.keys(elfTargets)) {
    if (architecture === host.architecture) continue;
    const runs = emulation.ensure({ os: 'linux', architecture }, signal);
    const by = emulators[architecture] ?? 'this machine itself';
    facts.push(await factOf(`emulation-${architecture}`, runs, `programs for ${architecture} run, by ${by}`));
  }
  return facts;
}

const smallest: Omit<ProcessSpec, 'network' | 'platform'> = {
  args: ['/exit'],
  env: [],
  cwd: '/',
  user: { uid: 0, gid: 0, additionalGids: [0] },
  mounts: [],
  hostname: 'probe',
};

/** What steps are kept apart from, and what not: each limit there may be is a fact. */
const keptApart = {
  network: 'steps have a network of their own, and do not reach servers on the loopback interface of this machine',
  seccomp: 'steps make the system calls of the default profile of Docker, and no others',
  'nested-namespaces': 'steps make no user namespaces of their own',
  processes: 'steps see no processes but their own',
} satisfies Record<Exclude<Limit['id'], 'chroot'>, string>;

function limitFacts(limits: readonly Limit[]): readonly MachineFact[] {
  return Object.entries(keptApart).map(([id, detail]) => {
    const limit = limits.find((one) => one.id === id);
    if (limit === undefined) return { id: `isolation-${id}`, ok: 'yes', detail };
    return { id: `isolation-${id}`, ok: 'partly', detail: limit.message, fix: limit.fix };
  });
}

/** What steps do as in any container, or not. Too few ids are said by how namespaces are entered. */
const ordinary = {
  devices: 'steps make device nodes',
  'raw-sockets': 'steps open raw sockets',
  ping: "steps can ping with a datagram socket, as iputils and Alpine's busybox do; Debian's busybox takes a raw one, and fails",
  'host-name': 'steps have a host name of their own',
  'set-user-id': 'set-user-ID programs and file capabilities have their effect in steps',
} satisfies Partial<Record<Lack['id'], string>>;

function lackFacts(lacks: readonly Lack[]): readonly MachineFact[] {
  return Object.entries(ordinary).map(([id, detail]) => {
    const lack = lacks.find((one) => one.id === id);
    if (lack === undefined) return { id: `steps-${id}`, ok: 'yes', detail };
    return { id: `steps-${id}`, ok: 'partly', detail: lack.message, fix: lack.fix };
  });
}

async function factOf(id: string, tried: Promise<unknown>, detail: string): Promise<MachineFact> {
  try {
    await tried;
    return { id, ok: 'yes', detail };
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    const said = failure.details === undefined ? '' : `: ${failure.details.join('; ')}`;
    return { id, ok: 'no', detail: `${failure.message}${said}`, fix: failure.hint };
  }
}

/** As roots of steps are mounted; a file is written, since some file systems take the mount and refuse that. */
async function overlayFact(dir: string, { mount }: ExecutorTools): Promise<MachineFact> {
  const id = 'overlay';
  for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(join(dir, name), { recursive: true });
  await writeFile(join(dir, 'lower', 'file'), '');
  const layers = `lowerdir=${dir}/lower,upperdir=${dir}/upper,workdir=${dir}/work,userxattr`;
  const args = ['-n', '-t', 'overlay', 'overlay', '-o', layers, join(dir, 'merged')];
  const mounted = await runProgram(mount, { args, env: 'inherited' });
  const complaint = succeeded(mounted)
    ? await rm(join(dir, 'merged', 'file')).catch((error: Error) => error.message)
    : complaintLine(mounted);
  if (complaint === undefined) return { id, ok: 'yes', detail: 'roots of steps are overlays' };
  return {
    id,
    ok: 'partly',
    detail: `no overlay can be mounted where the store is, so files are copied for each RUN: ${complaint}`,
    fix: 'Linux 5.11 or newer, and a store on ext4, xfs or btrfs: in a container, CIP_STORE on a volume (Kubernetes: an emptyDir)',
  };
}

/** What the flags of the file system that the store is on take from steps. */
function storeMountFact(flags: MountFlags, overlay: MachineFact): MachineFact {
  const id = 'store-mount';
  const lost = overlay.ok !== 'yes' ? lostInCopies(flags, 'namespaces') : [];
  const [first] = flags.noexec ? [lostInMounts(flags)] : lost;
  if (first !== undefined) return { id, ok: 'partly', detail: first.message, fix: first.fix };
  return { id, ok: 'yes', detail: 'programs in the store can be started, with their set-user-ID bits' };
}

async function sysFact(tools: ExecutorTools): Promise<MachineFact> {
  if (await mayMountSys(tools))
    return { id: 'sys', ok: 'yes', detail: 'steps without network have a /sys of their own' };
  const detail = 'steps without network see the /sys of this container, read-only, because parts of it are covered';
  return { id: 'sys', ok: 'partly', detail };
}
