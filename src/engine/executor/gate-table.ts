/** A system call of the gate. Numbers are by architecture: https://github.com/torvalds/linux/tree/v6.12/scripts */
export const callNumbers = {
  amd64: {
    write: 1,
    close: 3,
    ioctl: 16,
    socket: 41,
    connect: 42,
    recvfrom: 45,
    sendmsg: 46,
    setsockopt: 54,
    chdir: 80,
    setgroups: 116,
    setresuid: 117,
    setresgid: 119,
    capset: 126,
    pivot_root: 155,
    prctl: 157,
    chroot: 161,
    umount2: 166,
    sethostname: 170,
    keyctl: 250,
    dup3: 292,
    prlimit64: 302,
    seccomp: 317,
    close_range: 436,
  },
  arm64: {
    write: 64,
    close: 57,
    ioctl: 29,
    socket: 198,
    connect: 203,
    recvfrom: 207,
    setsockopt: 208,
    sendmsg: 211,
    chdir: 49,
    setgroups: 159,
    setresuid: 147,
    setresgid: 149,
    capset: 91,
    pivot_root: 41,
    prctl: 167,
    chroot: 51,
    umount2: 39,
    sethostname: 161,
    keyctl: 219,
    dup3: 24,
    prlimit64: 261,
    seccomp: 277,
    close_range: 436,
  },
} as const;

/** System calls that a gate may be told to make. */
export type CallName = keyof (typeof callNumbers)['amd64'];

/** Memory for a call, which may hold pointers to more of it. */
export interface Memory {
  readonly bytes: Buffer;
  /** Offset in `bytes` → what the 8 bytes there are to point to. */
  readonly pointers?: ReadonlyMap<number, Memory>;
}

/** One row of the table that a gate works off before it executes the step. */
export interface GateCall {
  readonly call: CallName;
  /** At most five. Text becomes a pointer to it, with a zero at its end. */
  readonly args: readonly (number | string | Memory)[];
  /** Numbers of errors, below 64, after which the gate goes on. */
  readonly tolerated?: readonly number[];
}

/** What the gate writes to 9, each on a line of 32 bytes: the name of the call that failed, or that nothing could be executed. */
export const REFUSED = 'cip:refused:';
/**
 * What a gate prints where the program of the step could not be executed; its exit status is the number of the error.
 */
export const NOT_EXECUTED = 'cip:not-executed';

/** Where the gate maps its table, and how much of it. */
const ADDRESS = 0x10000000;
const LONGEST = 0x100000;
const RECORD = 64;
const TEXT = 32;

/**
 * The file a gate maps: a record of 64 bytes for each call (number, five arguments, tolerated errors, text to say), one
 * with a negative number, the paths to execute, a zero, the text for none of them; then what all these point to.
 */
export function callTable(architecture: string, calls: readonly GateCall[], programs: readonly string[]): Buffer {
  const numbers = callNumbers[architecture as keyof typeof callNumbers];
  const data: Buffer[] = [];
  const records = Buffer.alloc((calls.length + 1) * RECORD + (programs.length + 2) * 8);
  let end = records.length;
  const place = ({ bytes, pointers = new Map() }: Memory): bigint => {
    const copy = Buffer.alloc(Math.ceil(bytes.length / 8) * 8);
    bytes.copy(copy);
    const at = end;
    end += copy.length;
    data.push(copy);
    for (const [offset, to] of pointers) copy.writeBigUInt64LE(place(to), offset);
    return BigInt(ADDRESS + at);
  };
  const text = (value: string) => place({ bytes: Buffer.from(`${value}\0`) });
  const said = (value: string) => place({ bytes: Buffer.from(`${value}\n`.padEnd(TEXT, '\n')) });

  calls.forEach(({ call, args, tolerated = [] }, index) => {
    const values = args.map((arg) =>
      typeof arg === 'number' ? BigInt.asUintN(64, BigInt(arg)) : typeof arg === 'string' ? text(arg) : place(arg),
    );
    const mask = tolerated.reduce((sum, errno) => sum | (1n << BigInt(errno)), 0n);
    const fields = [BigInt(numbers[call]), ...values, ...Array<bigint>(5 - values.length).fill(0n), mask];
    for (const [field, value] of [...fields, said(`${REFUSED}${call}`)].entries()) {
      records.writeBigUInt64LE(value, index * RECORD + field * 8);
    }
  });
  records.writeBigInt64LE(-1n, calls.length * RECORD);
  const last = [...programs.map(text), 0n, said(NOT_EXECUTED)];
  for (const [index, value] of last.entries()) {
    records.writeBigUInt64LE(value, (calls.length + 1) * RECORD + index * 8);
  }
  const table = Buffer.concat([records, ...data]);
  if (table.length > LONGEST) throw new Error(`the table of a gate has ${table.length} bytes`);
  return table;
}
