/** The parts of an ELF header that tell architectures apart. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
export interface ElfTarget {
  readonly bits: 32 | 64;
  readonly bigEndian: boolean;
  /** `e_machine`. */
  readonly machine: number;
  /** Machine code that ends the process with status 0. */
  readonly exit: string;
  readonly qemu: string;
}

/** By `GOARCH`. Code in hex, as it lies in memory. */
export const elfTargets: Readonly<Record<string, ElfTarget>> = {
  // mov eax, 60; xor edi, edi; syscall
  amd64: { bits: 64, bigEndian: false, machine: 62, exit: 'b83c000000 31ff 0f05', qemu: 'x86_64' },
  // mov x0, 0; mov x8, 93; svc 0
  arm64: { bits: 64, bigEndian: false, machine: 183, exit: '000080d2 a80b80d2 010000d4', qemu: 'aarch64' },
  // mov r0, 0; mov r7, 1; svc 0
  arm: { bits: 32, bigEndian: false, machine: 40, exit: '0000a0e3 0170a0e3 000000ef', qemu: 'arm' },
  // mov eax, 1; xor ebx, ebx; int 0x80
  '386': { bits: 32, bigEndian: false, machine: 3, exit: 'b801000000 31db cd80', qemu: 'i386' },
  // li a0, 0; li a7, 93; ecall
  riscv64: { bits: 64, bigEndian: false, machine: 243, exit: '13050000 9308d005 73000000', qemu: 'riscv64' },
  // li r3, 0; li r0, 1; sc
  ppc64le: { bits: 64, bigEndian: false, machine: 21, exit: '00006038 01000038 02000044', qemu: 'ppc64le' },
  // lghi %r2, 0; svc 1
  s390x: { bits: 64, bigEndian: true, machine: 22, exit: 'a7290000 0a01', qemu: 's390x' },
};

const LOAD_ADDRESS = 0x400000;

/** A whole program of one segment: `code` (hex) and nothing else. For asking the kernel whether it can run such programs. */
export function tinyProgram(target: Omit<ElfTarget, 'qemu' | 'exit'>, code: string): Buffer {
  const wide = target.bits === 64;
  const headerSize = wide ? 64 : 52;
  const programHeaderSize = wide ? 56 : 32;
  const text = Buffer.from(code.replaceAll(' ', ''), 'hex');
  const start = headerSize + programHeaderSize;
  const size = start + text.length;
  const writer = new FieldWriter(target.bigEndian, size);

  writer.bytes([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, target.bigEndian ? 2 : 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const word = (value: number) => (wide ? writer.u64(value) : writer.u32(value));
  writer.u16(2).u16(target.machine).u32(1);
  word(LOAD_ADDRESS + start);
  word(headerSize);
  word(0);
  // EABI version 5 for arm, ELFv2 for ppc64le: without it neither kernel nor qemu takes them.
  writer.u32(target.machine === 40 ? 0x05000000 : target.machine === 21 ? 2 : 0);
  writer.u16(headerSize).u16(programHeaderSize).u16(1).u16(0).u16(0).u16(0);

  const READ_EXECUTE = 5;
  writer.u32(1);
  if (wide) writer.u32(READ_EXECUTE);
  word(0);
  word(LOAD_ADDRESS);
  word(LOAD_ADDRESS);
  word(size);
  word(size);
  if (!wide) writer.u32(READ_EXECUTE);
  word(0x1000);
  return writer.bytes(text).buffer;
}

/** Whether a program names a loader (PT_INTERP), which then has to lie in the root it runs in; undefined if it is no ELF file. */
export function isDynamic(head: Buffer): boolean | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const wide = head[4] === 2;
  const bigEndian = head[5] === 2;
  const u16 = (at: number) => (bigEndian ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const u32 = (at: number) => (bigEndian ? head.readUInt32BE(at) : head.readUInt32LE(at));
  const start = wide ? Number(bigEndian ? head.readBigUInt64BE(32) : head.readBigUInt64LE(32)) : u32(28);
  const size = u16(wide ? 54 : 42);
  const count = u16(wide ? 56 : 44);
  for (let index = 0; index < count; index++) {
    const at = start + index * size;
    const INTERP = 3;
    if (at + 4 <= head.length && u32(at) === INTERP) return true;
  }
  return false;
}

class FieldWriter {
  readonly buffer: Buffer;
  readonly #bigEndian: boolean;
  #at = 0;

  constructor(bigEndian: boolean, size: number) {
    this.#bigEndian = bigEndian;
    this.buffer = Buffer.alloc(size);
  }

  bytes(bytes: Uint8Array | readonly number[]): this {
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  u16(value: number): this {
    this.#at = this.#bigEndian
      ? this.buffer.writeUInt16BE(value, this.#at)
      : this.buffer.writeUInt16LE(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.#bigEndian
      ? this.buffer.writeUInt32BE(value, this.#at)
      : this.buffer.writeUInt32LE(value, this.#at);
    return this;
  }

  u64(value: number): this {
    const big = BigInt(value);
    this.#at = this.#bigEndian
      ? this.buffer.writeBigUInt64BE(big, this.#at)
      : this.buffer.writeBigUInt64LE(big, this.#at);
    return this;
  }
}
