import type { Ulimit, UlimitName } from './executor.ts';
import type { GateCall } from './gate-table.ts';

/** Name → number of uapi/asm-generic/resource.h. Those that Docker takes: one of the address space would end what sets it. */
const numbers = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const satisfies Record<UlimitName, number>;

/** Every name there is. */
export const ulimitNames = Object.keys(numbers) as readonly UlimitName[];

/** Sets the limits of the process that makes these calls. To raise one takes CAP_SYS_RESOURCE of the machine. */
export function ulimitCalls(ulimits: readonly Ulimit[]): readonly GateCall[] {
  return ulimits.map(({ name, soft, hard }) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64LE(BigInt(soft), 0);
    bytes.writeBigInt64LE(BigInt(hard), 8);
    return { call: 'prlimit64', args: [0, numbers[name], { bytes }, 0] };
  });
}
