import { readFile } from 'node:fs/promises';

/**
 * What a build step may do as root: the default of Docker and BuildKit. Numbers are those of uapi/linux/capability.h.
 * https://github.com/moby/moby/blob/v27.0.0/oci/caps/defaults.go
 */
export const defaultCapabilities = [
  { name: 'chown', number: 0 },
  { name: 'dac_override', number: 1 },
  { name: 'fowner', number: 3 },
  { name: 'fsetid', number: 4 },
  { name: 'kill', number: 5 },
  { name: 'setgid', number: 6 },
  { name: 'setuid', number: 7 },
  { name: 'setpcap', number: 8 },
  { name: 'net_bind_service', number: 10 },
  { name: 'net_raw', number: 13 },
  { name: 'sys_chroot', number: 18 },
  { name: 'mknod', number: 27 },
  { name: 'audit_write', number: 29 },
  { name: 'setfcap', number: 31 },
] as const;

/** Of this process: a mask, and the number of the last capability that the kernel knows. */
export async function ownCapabilities(): Promise<{ readonly permitted: bigint; readonly last: number }> {
  const status = await readFile('/proc/self/status', 'utf8');
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '0'}`);
  const last = await readFile('/proc/sys/kernel/cap_last_cap', 'utf8').catch(() => '40');
  return { permitted: mask('CapPrm'), last: Number(last) };
}

/** Whether this process and all it starts get no rights by starting a program: set-user-ID has no effect (prctl(2)). */
export async function hasNoNewPrivileges(): Promise<boolean> {
  return /^NoNewPrivs:\s*1$/m.test(await readFile('/proc/self/status', 'utf8'));
}
