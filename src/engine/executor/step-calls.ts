import { constants } from 'node:os';
import { defaultCapabilities } from './capabilities.ts';
import type { ProcessSpec } from './executor.ts';
import type { GateCall, Memory } from './gate-table.ts';
import { STARTED } from './launch.ts';
import { ulimitCalls } from './ulimits.ts';

/** What the gate does between the setup of a root and the step itself. */
export interface StepCalls {
  readonly process: Pick<ProcessSpec, 'cwd' | 'user' | 'ulimits'>;
  /** `pivot`: the directory it stands in becomes the root of the mount namespace, and the old root is detached. */
  readonly root: 'pivot' | 'chroot';
  readonly setGroups: boolean;
  /** Capabilities the gate has, as a mask, and the number of the last one that the kernel knows. */
  readonly capabilities: { readonly permitted: bigint; readonly last: number };
  /** Of its own uts namespace. */
  readonly hostname?: string | undefined;
  /** Brings up the loopback interface of its own network namespace. */
  readonly loopback?: boolean;
  /** Its network is that of `openPrivateNetwork()`. */
  readonly privateNetwork?: boolean;
  /** A program of classic BPF (struct sock_filter); takes CAP_SYS_ADMIN. */
  readonly filter?: Buffer | undefined;
}

const { EPERM, EINVAL, EACCES, EEXIST, ENOSYS } = constants.errno;
const CLOSE_ON_EXEC = 0o2000000;
const LAST_FD = 0xffffffff;
/** uapi/linux: mount.h, keyctl.h, prctl.h, seccomp.h, sockios.h, if.h, route.h, capability.h */
const MNT_DETACH = 2;
const KEYCTL_JOIN_SESSION_KEYRING = 1;
const [PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL] = [24, 47, 4];
const SECCOMP_SET_MODE_FILTER = 1;
const [SIOCADDRT, SIOCSIFFLAGS] = [0x890b, 0x8914];
const [IFF_UP, IFF_LOOPBACK] = [1, 8];
const [RTF_UP, RTF_REJECT] = [1, 0x200];
const CAPABILITY_VERSION_3 = 0x20080522;

/**
 * The calls in order. The gate has its complaints as 2 and what the step is to get as standard error as 3. Whatever
 * takes a capability the step has not comes first; the user is last, since it takes the others away.
 */
export function stepCalls(step: StepCalls): readonly GateCall[] {
  const { process, capabilities } = step;
  const { uid, gid, additionalGids } = process.user;
  const kept = defaultCapabilities
    // A frame written to the interface may have any address, that of the machine's loopback interface included.
    .filter(({ name }) => !(step.privateNetwork && name === 'net_raw'))
    .reduce((mask, { number }) => mask | (1n << BigInt(number)), 0n);
  return [
    { call: 'dup3', args: [2, 9, CLOSE_ON_EXEC] },
    { call: 'dup3', args: [3, 2, 0] },
    { call: 'close', args: [3] },
    // Linux 5.9; an older one is left with what the worker has closed when it began.
    { call: 'close_range', args: [3, 8, 0], tolerated: [ENOSYS, EPERM] },
    { call: 'close_range', args: [10, LAST_FD, 0], tolerated: [ENOSYS, EPERM] },
    ...(step.hostname === undefined ? [] : [hostnameCall(step.hostname)]),
    ...(step.loopback ? loopbackCalls() : []),
    ...(step.privateNetwork ? rejectLoopbackCalls() : []),
    ...rootCalls(step.root),
    ...ulimitCalls(process.ulimits ?? []),
    // A kernel without keys has nothing to share; a filter of a container that refuses this refuses it to the step as well.
    { call: 'keyctl', args: [KEYCTL_JOIN_SESSION_KEYRING, 0], tolerated: [ENOSYS, EPERM, EACCES] },
    ...dropCalls(range(capabilities.last + 1).filter((number) => (kept & (1n << BigInt(number))) === 0n)),
    { call: 'prctl', args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0], tolerated: [EINVAL] },
    ...(step.filter === undefined ? [] : [filterCall(step.filter)]),
    ...(step.setGroups ? groupCalls(gid, additionalGids) : []),
    { call: 'capset', args: capabilitySets(capabilities.permitted & kept) },
    { call: 'chdir', args: [process.cwd] },
    { call: 'setresuid', args: [uid, uid, uid] },
    { call: 'write', args: [9, `${STARTED}\n`, STARTED.length + 1] },
  ];
}

/** What is executed after these has no capabilities, whoever it is and whatever is inheritable. */
export function withoutCapabilities(): readonly GateCall[] {
  return [...dropCalls(range(64)), { call: 'capset', args: capabilitySets(0n) }];
}

/** As execvp(3) looks for a program, but for scripts that name no interpreter: those are refused, as by BuildKit. */
export function programsToTry(program: string, env: readonly string[]): readonly string[] {
  if (program.includes('/')) return [program];
  const path = env.findLast((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? '/bin:/usr/bin';
  return path.split(':').map((dir) => (dir === '' ? program : `${dir}/${program}`));
}

/** With `.` for both the old root comes to lie over the new one, and no directory is needed for it (pivot_root(2)). */
function rootCalls(root: StepCalls['root']): readonly GateCall[] {
  if (root === 'chroot') return [{ call: 'chroot', args: ['.'] }];
  return [
    { call: 'pivot_root', args: ['.', '.'] },
    { call: 'umount2', args: ['.', MNT_DETACH] },
    { call: 'chdir', args: ['/'] },
  ];
}

/** The filter of a container may refuse it where its namespaces are allowed: then the step has the name of the container. */
function hostnameCall(name: string): GateCall {
  return { call: 'sethostname', args: [name, Buffer.byteLength(name)], tolerated: [EPERM, EACCES, ENOSYS] };
}

/** The socket is the lowest number that is free. */
function loopbackCalls(): readonly GateCall[] {
  const [AF_INET, SOCK_DGRAM] = [2, 2];
  const request = Buffer.alloc(40);
  request.write('lo');
  request.writeUInt16LE(IFF_UP | IFF_LOOPBACK, 16);
  return [
    { call: 'socket', args: [AF_INET, SOCK_DGRAM, 0] },
    { call: 'ioctl', args: [3, SIOCSIFFLAGS, { bytes: request }] },
    { call: 'close', args: [3] },
  ];
}

/**
 * A socket bound to the interface of the helper (SO_BINDTODEVICE, IP_PKTINFO) would send what is for 127.0.0.1 by the
 * default route, and the helper deliver it to the machine. With this route the kernel takes the address to be on the link
 * (fib_lookup() failed) and asks for its hardware address, which slirp4netns has for its own addresses only; pasta has one
 * for every address, and is tried (`loopback-trial.ts`). All steps share the network: the first of them adds the route.
 */
export function rejectLoopbackCalls(): readonly GateCall[] {
  const [AF_INET, SOCK_DGRAM] = [2, 2];
  const [destination, mask, flags] = [8, 40, 56];
  const route = Buffer.alloc(120);
  route.writeUInt16LE(AF_INET, destination);
  route.set([127, 0, 0, 0], destination + 4);
  route.writeUInt16LE(AF_INET, mask);
  route.set([255, 0, 0, 0], mask + 4);
  route.writeUInt16LE(RTF_UP | RTF_REJECT, flags);
  return [
    { call: 'socket', args: [AF_INET, SOCK_DGRAM, 0] },
    { call: 'ioctl', args: [3, SIOCADDRT, { bytes: route }], tolerated: [EEXIST] },
    { call: 'close', args: [3] },
  ];
}

function groupCalls(gid: number, additional: readonly number[]): readonly GateCall[] {
  const groups = [...new Set([gid, ...additional])];
  const bytes = Buffer.alloc(groups.length * 4);
  for (const [index, group] of groups.entries()) bytes.writeUInt32LE(group, index * 4);
  return [
    { call: 'setgroups', args: [groups.length, { bytes }] },
    { call: 'setresgid', args: [gid, gid, gid] },
  ];
}

/** From the bounding set. */
function dropCalls(capabilities: readonly number[]): readonly GateCall[] {
  return capabilities.map((number) => ({
    call: 'prctl',
    args: [PR_CAPBSET_DROP, number],
    tolerated: [EINVAL, EPERM],
  }));
}

/** Effective and permitted; nothing is inheritable. */
function capabilitySets(mask: bigint): readonly Memory[] {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3);
  const sets = Buffer.alloc(24);
  for (const half of [0, 1]) {
    const bits = Number((mask >> BigInt(half * 32)) & 0xffffffffn);
    sets.writeUInt32LE(bits, half * 12);
    sets.writeUInt32LE(bits, half * 12 + 4);
  }
  return [{ bytes: header }, { bytes: sets }];
}

/** Puts a filter of system calls (struct sock_filter) on what follows; without CAP_SYS_ADMIN it is refused. */
export function filterCall(filter: Buffer): GateCall {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(filter.length / 8);
  return {
    call: 'seccomp',
    args: [SECCOMP_SET_MODE_FILTER, 0, { bytes, pointers: new Map([[8, { bytes: filter }]]) }],
  };
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
