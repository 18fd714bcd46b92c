import type { ElfTarget } from './elf.ts';

/**
 * Flags of a registration. `F` opens the interpreter now, so no root needs to hold it; `C` gives a set-user-ID program its
 * rights (sudo in a RUN of another user); `P` passes `argv[0]` on, which the interpreter has to expect.
 * https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export type BinfmtFlags = 'FC' | 'FCP';

/** What is written to `register`: programs of the target are run by `interpreter` (absolute). */
export function binfmtRegistration(
  name: string,
  target: Pick<ElfTarget, 'bits' | 'bigEndian' | 'machine'>,
  interpreter: string,
  flags: BinfmtFlags,
): string {
  const half = (value: number) => (target.bigEndian ? [value >> 8, value & 0xff] : [value & 0xff, value >> 8]);
  const magic = [
    ...[0x7f, 0x45, 0x4c, 0x46, target.bits === 64 ? 2 : 1, target.bigEndian ? 2 : 1, 1],
    ...Array<number>(9).fill(0),
    ...half(2),
    ...half(target.machine),
  ];
  // The operating system's ABI may be any; a type of 3 is an executable that may lie anywhere (PIE).
  const mask = [...Array<number>(7).fill(0xff), 0, ...Array<number>(8).fill(0xff), ...half(0xfffe), ...half(0xffff)];
  const separator = [':', '|', ',', ';'].find((char) => !interpreter.includes(char));
  if (separator === undefined) throw new Error(`no separator left for ${interpreter}`);
  return ['', name, 'M', '', escaped(magic), escaped(mask), interpreter, flags].join(separator);
}

function escaped(bytes: readonly number[]): string {
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
