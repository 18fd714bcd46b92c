import { readFileSync, readlinkSync } from 'node:fs';
import { systemErrorCode } from './failure.ts';

/**
 * A process, told apart from every other that ever ran on this machine: a pid alone is given out again.
 * Two machines never share a store: to each, the other's processes look like those of an earlier boot.
 */
export interface ProcessIdentity {
  /** First 8 hex digits of the kernel's boot id. */
  readonly boot: string;
  /** Inode of the pid namespace that `pid` counts in. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** In clock ticks since boot: field 22 of /proc/<pid>/stat, proc_pid_stat(5). */
  readonly startTime: string;
}

let own: ProcessIdentity | undefined;
/** /proc may show another pid namespace than the one this process is in; pids read there are then not ours to judge. */
let seesOwnNamespace = true;

/** Read once. Where there is no /proc only the pid tells processes apart. */
export function thisProcess(): ProcessIdentity {
  own ??= process.platform === 'linux' ? readOwn() : { ...elsewhere, pid: process.pid };
  return own;
}

/** Where there is no /proc, a process is known by its pid alone. */
const elsewhere = { boot: '00000000', pidNamespace: '0', startTime: '0' };

function readOwn(): ProcessIdentity {
  const stat = statOf('self');
  seesOwnNamespace = stat.pid === process.pid;
  return {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8),
    pidNamespace: /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0',
    pid: process.pid,
    startTime: stat.startTime,
  };
}

/** One word, fit for a file name. */
export function formatProcessIdentity(owner: ProcessIdentity): string {
  return `${owner.boot}-${owner.pidNamespace}-${owner.pid}-${owner.startTime}`;
}

/** The inverse of `formatProcessIdentity`; undefined for names that were not made by it. */
export function parseProcessIdentity(text: string): ProcessIdentity | undefined {
  const match = /^([0-9a-f]{8})-(\d+)-(\d+)-(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [, boot = '', pidNamespace = '', pid, startTime = ''] = match;
  return { boot, pidNamespace, pid: Number(pid), startTime };
}

/** `unknown`: in a pid namespace that cannot be looked into from here. */
export function stateOf(owner: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  const self = thisProcess();
  if (owner.boot !== self.boot) return 'dead';
  if (owner.pidNamespace !== self.pidNamespace) return 'unknown';
  if (owner.pid === self.pid) return owner.startTime === self.startTime ? 'alive' : 'dead';
  if (!seesOwnNamespace) return 'unknown';
  if (self.startTime === elsewhere.startTime) return signalReaches(owner.pid) ? 'alive' : 'dead';
  try {
    const { state, startTime } = statOf(String(owner.pid));
    return startTime === owner.startTime && state !== 'Z' && state !== 'X' ? 'alive' : 'dead';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ESRCH') return 'dead';
    throw error;
  }
}

function statOf(pid: string): { readonly pid: number; readonly state: string; readonly startTime: string } {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid: Number.parseInt(text, 10), state: rest[0] ?? '', startTime: rest[19] ?? '' };
}

function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}
