import type { ProcessSpec } from './executor.ts';
import { HOSTNAME_NOT_SET, type LaunchCommand, LOOPBACK_NOT_UP, STARTED } from './launch-command.ts';
import { lockedOptions, type MountedFileSystem, submountsOf } from './mount-table.ts';
import { processCommand } from './process-command.ts';
import { mountStep, type SetupStep, setupScript } from './setup-step.ts';
import { shellCommand, shellWord } from './shell.ts';
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
}

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

export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'] as const;

export interface Sandbox {
  /** Canonical. */
  readonly rootfs: string;
  readonly process: ProcessSpec;
  /** What `splitEnvironment()` leaves to the chain. */
  readonly env: readonly string[];
  /** Holds a copy of /dev: empty files and directories to mount on, and links. */
  readonly deviceTemplate: string;
  /** The mounts that were asked for, in order. */
  readonly mounts: readonly SetupStep[];
  readonly view: KernelView;
  readonly tools: ExecutorTools;
}

/**
 * The command that runs one process in new mount, pid, ipc and uts namespaces, and a new network namespace unless it
 * uses the machine's. The process becomes pid 1 of its namespace: whatever it leaves behind ends with it.
 *
 * The root is moved over `/` of the namespace instead of taken with pivot_root(2): the programs that follow are those of
 * the machine, and stay reachable for a shell whose root is still the old one. Without CAP_SYS_ADMIN nothing below can
 * be uncovered again, and a path that climbs out of a chroot ends in the moved root.
 */
export function sandboxCommand(sandbox: Sandbox, tableFile: (index: number) => string): LaunchCommand {
  const { process, rootfs, tools, view } = sandbox;
  const steps = [...standardSteps(sandbox), ...sandbox.mounts];
  const { lines, tables } = setupScript(steps, tableFile, tools);
  const script = [
    // Read to its end before anything in it runs: from there on standard input is empty for everyone.
    '{',
    'exec </dev/null',
    'set -e',
    'umask 022',
    ...lines,
    hostnameLine(process.hostname, tools),
    `cd ${shellWord(rootfs)}`,
    shellCommand([tools.mount, '-n', '--move', '.', '/']),
    `echo ${STARTED} >&2`,
    processCommand(process, sandbox.env, {
      tools,
      setGroups: view.setGroups,
      redirections: '2>&3 3>&-',
    }),
    '}',
    '',
  ].join('\n');
  const network = process.network === 'none' ? ['--net'] : [];
  const flags = ['--mount', '--pid', '--ipc', '--uts', ...network, '--fork', '--kill-child'];
  return { command: [tools.unshare, ...flags, tools.sh], script, tables };
}

/** The root itself, /proc, /dev and /sys. */
function standardSteps(sandbox: Sandbox): readonly SetupStep[] {
  return [
    // A plain directory becomes a mount, which only a mount can be moved.
    mountStep(sandbox.rootfs, sandbox.rootfs, 'none', 'rbind'),
    ...procSteps(sandbox),
    ...sysSteps(sandbox),
    ...devSteps(sandbox),
    ...maskSteps(sandbox),
  ];
}

function procSteps({ rootfs, view }: Sandbox): readonly SetupStep[] {
  const proc = `${rootfs}/proc`;
  return view.newProc
    ? [mountStep('proc', proc, 'proc', 'nosuid', 'nodev', 'noexec')]
    : [mountStep('/proc', proc, 'none', 'rbind')];
}

function sysSteps({ rootfs, process, view, tools }: Sandbox): readonly SetupStep[] {
  const sys = `${rootfs}/sys`;
  if (process.network === 'host') return readonlyBind('/sys', sys, view);
  if (!view.newSys) return [...readonlyBind('/sys', sys, view), { kind: 'command', line: loopbackLine([], tools) }];
  // The flags of the loopback interface are IFF_UP | IFF_LOOPBACK.
  const up = `{ echo 0x9 > ${shellWord(`${sys}/class/net/lo/flags`)}; } 2>/dev/null`;
  return [
    mountStep('sysfs', sys, 'sysfs', 'nosuid', 'nodev', 'noexec'),
    { kind: 'command', line: loopbackLine([up], tools) },
    mountStep(sys, sys, 'none', 'bind', 'ro', 'nosuid', 'nodev', 'noexec'),
  ];
}

/** mode=755: in a sticky directory the kernel refuses `> /dev/null` (protected_regular counts devices as well). */
function devSteps({ rootfs, deviceTemplate, view, tools }: Sandbox): readonly SetupStep[] {
  const dev = `${rootfs}/dev`;
  return [
    mountStep('tmpfs', dev, 'tmpfs', 'nosuid', 'mode=755'),
    { kind: 'command', line: shellCommand([tools.cp, '-a', `${deviceTemplate}/.`, dev]) },
    ...view.devices.map((name) => mountStep(`/dev/${name}`, `${dev}/${name}`, 'none', 'bind')),
    mountStep('devpts', `${dev}/pts`, 'devpts', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'nosuid', 'noexec'),
    mountStep('shm', `${dev}/shm`, 'tmpfs', 'nosuid', 'nodev', 'noexec', 'mode=1777', 'size=65536k'),
    mountStep('mqueue', `${dev}/mqueue`, 'mqueue', 'nosuid', 'nodev', 'noexec'),
  ];
}

function maskSteps({ rootfs, view }: Sandbox): readonly SetupStep[] {
  return [
    ...view.masked.map(({ path, directory }) =>
      directory
        ? mountStep('tmpfs', `${rootfs}${path}`, 'tmpfs', 'ro', 'nosuid', 'nodev', 'noexec')
        : mountStep('/dev/null', `${rootfs}${path}`, 'none', 'bind'),
    ),
    ...view.readonly.flatMap((path) =>
      view.newProc
        ? [mountStep(`${rootfs}${path}`, `${rootfs}${path}`, 'none', 'bind', 'ro', 'nosuid', 'nodev', 'noexec')]
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
      path,
      `${target}${path.slice(source.length)}`,
      'none',
      ...['rbind', 'ro', ...lockedOptions(view.mounts, path)],
    ),
  );
}

/** Only root may write to /proc/sys; in other user namespaces it takes the system call, and so a program. */
function hostnameLine(hostname: string, tools: ExecutorTools): string {
  const name = shellWord(hostname);
  return [
    `{ echo ${name} > /proc/sys/kernel/hostname; } 2>/dev/null`,
    ...(tools.hostname === undefined ? [] : [`${shellCommand(tools.hostname)} ${name}`]),
    `{ echo ${HOSTNAME_NOT_SET} >&2; exit 1; }`,
  ].join(' || ');
}

function loopbackLine(attempts: readonly string[], tools: ExecutorTools): string {
  return [
    ...attempts,
    ...(tools.loopbackUp === undefined ? [] : [shellCommand(tools.loopbackUp)]),
    `{ echo ${LOOPBACK_NOT_UP} >&2; exit 1; }`,
  ].join(' || ');
}
