import type { ProcessSpec } from './executor.ts';
import type { Gate } from './gate.ts';
import { callTable } from './gate-table.ts';
import type { LaunchCommand, LaunchFiles } from './launch.ts';
import { lockedOptions, type MountedFileSystem, submountsOf } from './mount-table.ts';
import type { PrivateNetwork } from './private-network.ts';
import { processCommand } from './process-command.ts';
import { mountStep, type SetupStep, setupScript } from './setup-step.ts';
import { shellCommand, shellWord } from './shell.ts';
import { programsToTry, stepCalls } from './step-calls.ts';
import type { ExecutorTools } from './tools.ts';

/** What this machine has and allows; the same for all processes. */
export interface KernelView {
  /** A fresh proc may be mounted in a new pid namespace; else the one of the worker is shown. */
  readonly newProc: boolean;
  /** A fresh sysfs may be mounted in a new network namespace. */
  readonly newSys: boolean;
  /** The supplementary groups of a process may be set. */
  readonly setGroups: boolean;
  /** Of `deviceNames`, those that are in /dev. */
  readonly devices: readonly string[];
  /** Of `maskedPaths`, those that exist. */
  readonly masked: readonly { readonly path: string; readonly directory: boolean }[];
  /** Of `readonlyPaths`, those that exist. */
  readonly readonly: readonly string[];
  /** Of the worker's mount namespace. */
  readonly mounts: readonly MountedFileSystem[];
  readonly gate: Gate;
  /** Those of the worker. */
  readonly capabilities: { readonly permitted: bigint; readonly last: number };
}

/** The devices of a step's /dev besides ptmx and pts; those of runtime-spec v1.2.0, config-linux.md#default-devices. */
export const deviceNames = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const;

/** Symbolic links of /dev: name → where it points. */
export const deviceLinks = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
} as const;

/** Hidden from build steps. https://github.com/opencontainers/runc/blob/v1.2.0/libcontainer/specconv/example.go */
export const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
] as const;

/** As container engines have them by default: files of the kernel that steps may read and not write. */
export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'] as const;

/** All that the script which makes the namespaces of one step is written from. */
export interface Sandbox {
  /** Canonical. */
  readonly rootfs: string;
  readonly process: ProcessSpec;
  /** What the network of the process comes to. */
  readonly network: 'none' | 'host' | PrivateNetwork;
  /** Holds a copy of /dev: empty files and directories to mount on, and links. */
  readonly deviceTemplate: string;
  /** The mounts that were asked for, in order. */
  readonly mounts: readonly SetupStep[];
  readonly view: KernelView;
  readonly tools: ExecutorTools;
  /** Its standard input is no script. */
  readonly hasTerminal?: boolean | undefined;
}

/**
 * The command that runs one process in new mount, pid, ipc, uts and cgroup namespaces, and a new network namespace
 * unless it uses the machine's. The process becomes pid 1 of its namespace: whatever it leaves behind ends with it.
 *
 * The gate takes the root with pivot_root(2) and detaches the old one: no mount of the machine is left in the mount
 * namespace. A nested user namespace could else mount a whole /proc or /sys, since the kernel allows that wherever one is
 * in sight.
 */
export function sandboxCommand(sandbox: Sandbox, files: LaunchFiles): LaunchCommand {
  const { network, process, rootfs, tools, view, hasTerminal = false } = sandbox;
  const steps = [...standardSteps(sandbox), ...sandbox.mounts];
  const { lines, tables } = setupScript(steps, files.table, tools);
  const script = [
    // Read to its end before anything in it runs: from there on standard input is empty for everyone.
    '{',
    ...(hasTerminal ? [] : ['exec </dev/null']),
    'set -e',
    'umask 022',
    ...lines,
    `cd ${shellWord(rootfs)}`,
    processCommand(process.args, process.env, { tools, gate: view.gate.program, table: files.gateTable }),
    '}',
    '',
  ].join('\n');
  const calls = stepCalls({
    ...view,
    process,
    root: 'pivot',
    hostname: process.hostname,
    loopback: network === 'none',
    privateNetwork: typeof network !== 'string',
    filter: view.gate.filter,
  });
  const ownNetwork = network === 'none' ? ['--net'] : [];
  const within = typeof network === 'string' ? [] : [tools.nsenter!, `--net=${network.namespace}`];
  const flags = ['--mount', '--pid', '--ipc', '--uts', '--cgroup', ...ownNetwork, '--fork', '--kill-child'];
  return {
    command: [...within, tools.unshare, ...flags, tools.sh],
    script,
    tables,
    gate: callTable(view.gate.architecture, calls, programsToTry(process.args[0]!, process.env)),
  };
}

/** The root itself, /proc, /dev and /sys. */
function standardSteps(sandbox: Sandbox): readonly SetupStep[] {
  return [
    // A plain directory becomes a mount, which only a mount can be moved.
    mountStep({ source: sandbox.rootfs, target: sandbox.rootfs, type: 'none' }, 'rbind'),
    ...procSteps(sandbox),
    ...sysSteps(sandbox),
    ...devSteps(sandbox),
    ...maskSteps(sandbox),
  ];
}

/** That of the worker has other people's processes in it, to whose files root of a container may write: oom_score_adj. */
function procSteps({ rootfs, view }: Sandbox): readonly SetupStep[] {
  const proc = `${rootfs}/proc`;
  return view.newProc
    ? [mountStep({ source: 'proc', target: proc, type: 'proc' }, 'nosuid', 'nodev', 'noexec')]
    : readonlyBind('/proc', proc, view);
}

function sysSteps({ rootfs, network, view }: Sandbox): readonly SetupStep[] {
  const sys = `${rootfs}/sys`;
  if (network !== 'host' && view.newSys) {
    return [mountStep({ source: 'sysfs', target: sys, type: 'sysfs' }, 'ro', 'nosuid', 'nodev', 'noexec')];
  }
  // What is mounted below tells of the machine (debugfs, tracefs, other people's BPF programs); limits are for everyone.
  const hidden = submountsOf(view.mounts, '/sys').filter((path) => !`${path}/`.startsWith('/sys/fs/cgroup/'));
  return [
    ...readonlyBind('/sys', sys, view),
    ...hidden.map((path) =>
      mountStep({ source: 'tmpfs', target: `${rootfs}${path}`, type: 'tmpfs' }, 'ro', 'nosuid', 'nodev', 'noexec'),
    ),
  ];
}

/** Bytes of /dev/shm, as of Docker. */
const DEFAULT_SHM = 64 * 1024 * 1024;

/** mode=755: in a sticky directory the kernel refuses `> /dev/null` (protected_regular counts devices as well). */
function devSteps({ rootfs, deviceTemplate, process, view, tools }: Sandbox): readonly SetupStep[] {
  const dev = `${rootfs}/dev`;
  return [
    mountStep({ source: 'tmpfs', target: dev, type: 'tmpfs' }, 'nosuid', 'mode=755'),
    { kind: 'command', line: shellCommand([tools.cp, '-a', `${deviceTemplate}/.`, dev]) },
    ...view.devices.map((name) =>
      mountStep({ source: `/dev/${name}`, target: `${dev}/${name}`, type: 'none' }, 'bind'),
    ),
    mountStep(
      { source: 'devpts', target: `${dev}/pts`, type: 'devpts' },
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      'nosuid',
      'noexec',
    ),
    mountStep(
      { source: 'shm', target: `${dev}/shm`, type: 'tmpfs' },
      'nosuid',
      'nodev',
      'noexec',
      'mode=1777',
      `size=${process.shmSize ?? DEFAULT_SHM}`,
    ),
    mountStep({ source: 'mqueue', target: `${dev}/mqueue`, type: 'mqueue' }, 'nosuid', 'nodev', 'noexec'),
  ];
}

function maskSteps({ rootfs, view }: Sandbox): readonly SetupStep[] {
  return [
    ...view.masked.map(({ path, directory }) =>
      directory
        ? mountStep({ source: 'tmpfs', target: `${rootfs}${path}`, type: 'tmpfs' }, 'ro', 'nosuid', 'nodev', 'noexec')
        : mountStep({ source: '/dev/null', target: `${rootfs}${path}`, type: 'none' }, 'bind'),
    ),
    ...view.readonly.flatMap((path) =>
      view.newProc
        ? [
            mountStep(
              { source: `${rootfs}${path}`, target: `${rootfs}${path}`, type: 'none' },
              'bind',
              'ro',
              'nosuid',
              'nodev',
              'noexec',
            ),
          ]
        : readonlyBind(path, `${rootfs}${path}`, view),
    ),
  ];
}

/**
 * A bind that is read-only in all its depth. The kernel makes only the topmost mount of a recursive bind read-only, so
 * each mount below is bound once more over itself.
 */
export function readonlyBind(source: string, target: string, view: Pick<KernelView, 'mounts'>): readonly SetupStep[] {
  return [source, ...submountsOf(view.mounts, source)].map((path) =>
    mountStep(
      { source: path, target: `${target}${path.slice(source.length)}`, type: 'none' },
      ...['rbind', 'ro', ...lockedOptions(view.mounts, path)],
    ),
  );
}
