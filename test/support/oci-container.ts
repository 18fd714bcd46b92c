import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readFile, readlink, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allowedCalls } from '../../src/engine/executor/allowed-calls.ts';
import { root as checkout } from './paths.ts';
import type { Outcome } from './rig.ts';
import { tempDir } from './temp-dir.ts';

/** What a runtime gives to a container, and keeps from it. */
export interface ContainerKind {
  /** Names as in capabilities(7); `all` are those of whoever starts it. */
  readonly capabilities: readonly string[] | 'all';
  /** The default profile of Docker, that of Podman, which lets everybody make namespaces, or none. */
  readonly seccomp: 'docker' | 'podman' | undefined;
  /** Whether parts of /proc and /sys are covered or read-only, and /dev has the usual devices only. */
  readonly masked: boolean;
  /** The ids of the machine that its own begin at; those of the machine unless given. */
  readonly firstId?: number;
}

const ofPodman = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
];
const defaults = [...ofPodman, 'SETUID', 'SYS_CHROOT'];
const ofDocker = [...defaults, 'AUDIT_WRITE', 'MKNOD', 'NET_RAW'];

export const containerKinds = {
  docker: { capabilities: ofDocker, seccomp: 'docker', masked: true },
  podman: { capabilities: defaults, seccomp: 'podman', masked: true },
  unconfined: { capabilities: ofDocker, seccomp: undefined, masked: true },
  privileged: { capabilities: 'all', seccomp: undefined, masked: false },
  rootless: { capabilities: defaults, seccomp: 'podman', masked: true, firstId: 700_000 },
} as const satisfies Record<string, ContainerKind>;

/** What the profile of Podman has besides that of Docker. */
const callsOfPodman =
  'clone clone3 keyctl mount mount_setattr move_mount fsopen fsconfig fsmount fspick open_tree pivot_root umount umount2 unshare';

/**
 * Runs a command to its end in a container of runc: the programs of this machine over a root of its own, a network
 * without a way out. `dir` is there as it is, and may be written to.
 */
export async function runInContainer(
  kind: ContainerKind,
  dir: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  await using bundle = await tempDir();
  await chmod(bundle.path, 0o755);
  const rootfs = join(bundle.path, 'rootfs');
  const binds = await writeRoot(rootfs, kind.firstId ?? 0);
  const config = await configOf(kind, {
    rootfs,
    command,
    env,
    dir,
    binds: [...binds, '/usr', ...(await checkouts()), ...nodePrefix()],
  });
  await writeFile(join(bundle.path, 'config.json'), JSON.stringify(config));
  const state = join(bundle.path, 'state');
  const id = `cip-test-${randomUUID()}`;
  const child = spawn('runc', ['--root', state, 'run', '--bundle', bundle.path, id], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...said, status: code ?? undefined };
}

/** Returns the directories of the machine that are missing for its programs to run. */
async function writeRoot(rootfs: string, owner: number): Promise<readonly string[]> {
  for (const name of ['', 'etc', 'tmp', 'run', 'root']) {
    await mkdir(join(rootfs, name));
    await chown(join(rootfs, name), owner, owner);
  }
  await chmod(join(rootfs, 'tmp'), 0o1777);
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\n');
  await writeFile(join(rootfs, 'run/.containerenv'), '');
  const own: string[] = [];
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const stats = await lstat(`/${name}`).catch(() => undefined);
    if (stats?.isSymbolicLink()) await symlink(await readlink(`/${name}`), join(rootfs, name));
    else if (stats !== undefined) own.push(`/${name}`);
  }
  return own;
}

/** One that is made of links to another needs that, too. */
async function checkouts(): Promise<readonly string[]> {
  return [...new Set([checkout, dirname(await realpath(join(checkout, 'package.json')))])];
}

function nodePrefix(): readonly string[] {
  const prefix = dirname(dirname(process.execPath));
  return prefix.startsWith('/usr') ? [] : [prefix];
}

/** https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md */
async function configOf(
  kind: ContainerKind,
  {
    rootfs,
    command,
    env,
    dir,
    binds,
  }: {
    readonly rootfs: string;
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly dir: string;
    readonly binds: readonly string[];
  },
): Promise<object> {
  const names = kind.capabilities === 'all' ? await ownCapabilities() : kind.capabilities;
  const capabilities = names.map((name) => `CAP_${name}`);
  const ids = [{ containerID: 0, hostID: kind.firstId, size: 65_536 }];
  const namespaces = [
    'pid',
    'mount',
    'ipc',
    'uts',
    'network',
    'cgroup',
    ...(kind.firstId === undefined ? [] : ['user']),
  ];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: command,
      env: Object.entries({ PATH: process.env['PATH']!, ...env }).map(([name, value]) => `${name}=${value}`),
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs },
    hostname: 'container',
    mounts: [
      mountOf('/proc', 'proc', 'nosuid', 'noexec', 'nodev'),
      mountOf('/sys', 'sysfs', 'nosuid', 'noexec', 'nodev', ...(kind.masked ? ['ro'] : [])),
      ...(kind.masked ? ownDevices : [bindOf('/dev', 'rw')]),
      ...binds.map((path) => bindOf(path, 'ro')),
      bindOf(dir, 'rw'),
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      ...(kind.firstId !== undefined && { uidMappings: ids, gidMappings: ids }),
      ...(kind.seccomp && { seccomp: profileOf(kind.seccomp) }),
      ...(kind.masked && { maskedPaths, readonlyPaths }),
    },
  };
}

function mountOf(destination: string, type: string, ...options: string[]): object {
  return { destination, type, source: type, options };
}

function bindOf(path: string, mode: 'ro' | 'rw'): object {
  return { destination: path, type: 'bind', source: path, options: ['rbind', mode] };
}

const ownDevices = [
  mountOf('/dev', 'tmpfs', 'nosuid', 'mode=755'),
  mountOf('/dev/pts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'),
  mountOf('/dev/shm', 'tmpfs', 'nosuid', 'noexec', 'nodev', 'mode=1777'),
  mountOf('/dev/mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
];

const proc = (...names: string[]) => names.map((name) => `/proc/${name}`);
const maskedPaths = [
  ...proc(
    'acpi',
    'asound',
    'interrupts',
    'kcore',
    'keys',
    'latency_stats',
    'sched_debug',
    'scsi',
    'timer_list',
    'timer_stats',
  ),
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = proc('bus', 'fs', 'irq', 'sys', 'sysrq-trigger');

/** Docker's profile is the table of our own filter, which lets clone(2) make no namespaces either. */
function profileOf(kind: 'docker' | 'podman'): object {
  const [allow, architectures] =
    process.arch === 'arm64'
      ? (['arm64', ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']] as const)
      : (['amd64', ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']] as const);
  const NEW_NAMESPACES = 0x7e020000;
  const plain = [...allowedCalls(allow).values()].filter((name) => !/^(clone3?|socket)$/.test(name));
  const action = 'SCMP_ACT_ALLOW';
  const ofKind =
    kind === 'podman'
      ? [{ names: callsOfPodman.split(' '), action }]
      : [
          {
            names: ['clone'],
            action,
            args: [{ index: 0, value: NEW_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
          },
          { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
        ];
  const AF_VSOCK = 40;
  const sockets = { names: ['socket'], action, args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }] };
  return { defaultAction: 'SCMP_ACT_ERRNO', architectures, syscalls: [{ names: plain, action }, sockets, ...ofKind] };
}

/** uapi/linux/capability.h, from number 0. */
const allCapabilities =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
  SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
  WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/);

async function ownCapabilities(): Promise<readonly string[]> {
  const status = await readFile('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(status)![1]}`);
  return allCapabilities.filter((_, number) => (mask & (1n << BigInt(number))) !== 0n);
}
