import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, succeeded } from '../../program/run-program.ts';
import { type Gate, gateScript } from './gate.ts';
import { callTable } from './gate-table.ts';
import type { IdRange } from './id-map.ts';

/** uapi/linux: socket.h, in.h */
const [AF_INET, SOCK_DGRAM, IPPROTO_ICMP] = [2, 2, 1];
/** Of net.ipv4.ping_group_range: half of all there are. */
const LAST_GROUP = 2 ** 31 - 1;

/**
 * A line for sh that lets everybody in the network namespace it runs in ping by datagram sockets (icmp(7)), as far as it may
 * write there. Docker and Podman write the same.
 */
export function allowPing(groups: readonly IdRange[]): string {
  return `{ echo ${pingGroups(groups)} > /proc/sys/net/ipv4/ping_group_range; } 2>/dev/null || :`;
}

/**
 * All groups of a map that are one range for the kernel as well, which compares them as its first user namespace numbers
 * them; else root's alone.
 */
export function pingGroups(groups: readonly IdRange[]): string {
  const byInside = groups.toSorted((a, b) => a.inside - b.inside);
  const isOrdered = byInside.every(({ outside }, index) => index === 0 || byInside[index - 1]!.outside < outside);
  const last = byInside.at(-1);
  if (last === undefined || !isOrdered) return '0 0';
  return `${byInside[0]!.inside} ${Math.min(last.inside + last.count - 1, LAST_GROUP)}`;
}

/**
 * Whether root may ping without raw sockets, tried with the gate; `enter` is a command that starts the one after it in the
 * network in question. Writes a small file into `dir`.
 */
export async function mayPing(
  { dir, sh, gate }: { readonly dir: string; readonly sh: string; readonly gate: Gate },
  enter: readonly string[],
): Promise<boolean> {
  const table = join(dir, 'gate-ping');
  await writeFile(
    table,
    callTable(gate.architecture, [{ call: 'socket', args: [AF_INET, SOCK_DGRAM, IPPROTO_ICMP] }], [sh]),
  );
  const [file, ...args] = [...enter, sh, '-c', gateScript(gate.program, table, ':')];
  return succeeded(await runProgram(file!, { args, env: 'inherited' }));
}
