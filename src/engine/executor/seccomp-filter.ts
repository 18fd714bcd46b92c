import { allowedCalls, type CallArchitecture } from './allowed-calls.ts';

/** uapi/linux/bpf_common.h, seccomp.h, audit.h, elf-em.h, sched.h */
const [LOAD, JUMP, JUMP_EQUAL, JUMP_GREATER_OR_EQUAL, JUMP_SET, RETURN] = [0x20, 0x05, 0x15, 0x35, 0x45, 0x06];
const [AT_NUMBER, AT_ARCHITECTURE, AT_FIRST_ARGUMENT] = [0, 4, 16];
const ALLOW = 0x7fff0000;
const [EPERM, ENOSYS] = [0x00050000 | 1, 0x00050000 | 38];
const architectures = { amd64: 0xc000003e, '386': 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 } satisfies Record<
  CallArchitecture,
  number
>;
/** What the kernel of a machine runs by itself. */
const families: Readonly<Record<string, readonly CallArchitecture[]>> = {
  amd64: ['amd64', '386'],
  arm64: ['arm64', 'arm'],
};
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
const NEW_NAMESPACES = 0x7e020000;
const AF_VSOCK = 40;
/** PER_LINUX, PER_LINUX32, both with UNAME26, and the question which one it is. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** The last call of Linux 6.17. A C library asks for newer ones first, and goes on with an older one at ENOSYS only. */
const LAST_KNOWN = 469;

/** One instruction: code, jump if true, jump if false, constant (struct sock_filter). */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, constant: number];

/** Numbers from `from` on, up to the next segment, are answered by `answer`. */
interface Segment {
  readonly from: number;
  readonly answer: readonly Instruction[];
}

/**
 * The filter for a machine, as an array of struct sock_filter: a search tree over the numbers of calls for each
 * architecture its kernel runs; undefined for machines it isn't known for. Calls that are not allowed fail with EPERM;
 * clone3(2), whose flags no filter can see, and calls newer than this list with ENOSYS.
 */
export function seccompFilter(machine: string): Buffer | undefined {
  const family = families[machine];
  if (family === undefined) return undefined;
  const program: Instruction[] = [[LOAD, 0, 0, AT_ARCHITECTURE]];
  for (const architecture of family) {
    const section = [[LOAD, 0, 0, AT_NUMBER] as const, ...searchTree(segments(architecture))];
    program.push([JUMP_EQUAL, 1, 0, architectures[architecture]], [JUMP, 0, 0, section.length], ...section);
  }
  program.push([RETURN, 0, 0, EPERM]);
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, constant]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(constant, index * 8 + 4);
  }
  return bytes;
}

const allow: readonly Instruction[] = [[RETURN, 0, 0, ALLOW]];
const refuse: readonly Instruction[] = [[RETURN, 0, 0, EPERM]];
const unknown: readonly Instruction[] = [[RETURN, 0, 0, ENOSYS]];

/** Calls that depend on their first argument, whose lower half is all that counts. */
const special: Readonly<Record<string, readonly Instruction[]>> = {
  clone: [
    [LOAD, 0, 0, AT_FIRST_ARGUMENT],
    [JUMP_SET, 0, 1, NEW_NAMESPACES],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ],
  clone3: unknown,
  personality: [
    [LOAD, 0, 0, AT_FIRST_ARGUMENT],
    ...PERSONALITIES.map((value, index): Instruction => [JUMP_EQUAL, PERSONALITIES.length - index, 0, value]),
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ],
  socket: [
    [LOAD, 0, 0, AT_FIRST_ARGUMENT],
    [JUMP_EQUAL, 0, 1, AF_VSOCK],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ],
};

/** All numbers there are, in order; neighbours with the same answer are one. */
function segments(architecture: CallArchitecture): readonly Segment[] {
  const allowed = allowedCalls(architecture);
  const interesting = [...allowed.keys()].flatMap((number) => [number, number + 1]);
  const found: Segment[] = [];
  for (const from of [...new Set([0, LAST_KNOWN + 1, ...interesting])].sort((a, b) => a - b)) {
    const name = allowed.get(from);
    const answer = name === undefined ? (from > LAST_KNOWN ? unknown : refuse) : (special[name] ?? allow);
    if (found.at(-1)?.answer !== answer) found.push({ from, answer });
  }
  return found;
}

function searchTree(ordered: readonly Segment[]): readonly Instruction[] {
  if (ordered.length === 1) return ordered[0]!.answer;
  const middle = Math.ceil(ordered.length / 2);
  const [below, above] = [searchTree(ordered.slice(0, middle)), searchTree(ordered.slice(middle))];
  const pivot = ordered[middle]!.from;
  // A conditional jump leaps over at most 255 instructions.
  if (below.length <= 255) return [[JUMP_GREATER_OR_EQUAL, below.length, 0, pivot], ...below, ...above];
  return [[JUMP_GREATER_OR_EQUAL, 0, 1, pivot], [JUMP, 0, 0, below.length], ...below, ...above];
}
