import { mkdir, mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../../oci/platform.ts';
import { runProgram, succeeded } from '../../program/run-program.ts';
import { FailureError } from '../../result.ts';
import type { ElfTarget } from './elf.ts';
import { elfTargets, isDynamic, tinyProgram } from './elf.ts';
import { emulationUnavailable, emulatorNotStatic } from './failure.ts';
import { type ExecutorTools, findProgram } from './tools.ts';

/** Makes programs of other architectures run. */
export interface Emulation {
  /** Resolves when programs for the platform can be started in any root; fails with `emulation-unavailable` or `emulator-not-static`. */
  ensure(platform: Platform, signal: AbortSignal): Promise<void>;
}

/** Which emulators there are, and whether this process may register them with the kernel. */
export interface BinfmtEmulationOptions {
  /** Existing directory of this emulation alone, on a file system that programs may be started from. */
  readonly dir: string;
  readonly tools: Pick<ExecutorTools, 'unshare' | 'mount'>;
  /** As from `findEmulators()`. */
  readonly emulators: Readonly<Record<string, string>>;
  /** Of this machine, as `GOARCH`. */
  readonly hostArchitecture: string;
  /** This process is in a user namespace made for it. Else a mount would be that of the machine, and is not made. */
  readonly ownUserNamespace: boolean;
}

/**
 * Emulation by binfmt_misc. What the machine runs by itself or by a registration of its own is left to it; else
 * binfmt_misc is mounted for this user namespace alone (Linux 6.7 and newer), and every emulator that is needed is
 * registered in it. From then on the machine's registrations do not count in this namespace.
 */
export class BinfmtEmulation implements Emulation {
  readonly #options: BinfmtEmulationOptions;
  readonly #ensured = new Map<string, Promise<void>>();
  #private: Promise<boolean> | undefined;

  constructor(options: BinfmtEmulationOptions) {
    this.#options = options;
  }

  async ensure(platform: Platform, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { architecture } = platform;
    if (architecture === this.#options.hostArchitecture) return;
    let ensured = this.#ensured.get(architecture);
    if (ensured === undefined) {
      ensured = this.#ensure(architecture);
      this.#ensured.set(architecture, ensured);
    }
    await ensured;
  }

  async #ensure(architecture: string): Promise<void> {
    if (await this.#runs(architecture)) return;
    const emulator = this.#options.emulators[architecture];
    if (emulator === undefined) throw new FailureError(notFound(architecture));
    if (await isDynamicProgram(emulator)) throw new FailureError(emulatorNotStatic(architecture, emulator));
    if (!this.#options.ownUserNamespace) {
      throw new FailureError(
        notRegistered(architecture, 'this build has no user namespace of its own to register it in'),
      );
    }
    this.#private ??= this.#mountPrivate();
    if (!(await this.#private)) {
      throw new FailureError(
        notRegistered(architecture, 'the kernel gives this user namespace no binfmt_misc (Linux 6.7 and newer do)'),
      );
    }
    if (!(await this.#runs(architecture))) {
      throw new FailureError(notRegistered(architecture, `a program run by ${emulator} does not end well`));
    }
  }

  /** Whether the kernel let us. */
  async #mountPrivate(): Promise<boolean> {
    const { dir, emulators, tools } = this.#options;
    const point = await mkdtemp(join(dir, 'binfmt-'));
    const mount = { args: ['-t', 'binfmt_misc', 'binfmt_misc', point], env: 'inherited' } as const;
    if (!succeeded(await runProgram(tools.mount, mount))) return false;
    // What the machine ran by its own registration has to be asked again.
    this.#ensured.clear();
    for (const [name, emulator] of Object.entries(emulators)) {
      const target = elfTargets[name];
      if (target === undefined || (await isDynamicProgram(emulator))) continue;
      // The emulator of this very architecture comes with the others in one package; registered, it would have to run
      // itself. Others that the processor runs by itself (386 on amd64) are faster so.
      if (name === this.#options.hostArchitecture || (await this.#runs(name))) continue;
      const flags = await flagsFor(emulator);
      await writeFile(
        join(point, 'register'),
        binfmtRegistration(`cip-${name}`, target, { interpreter: emulator, flags }),
      );
    }
    return true;
  }

  /** Starts the smallest program there is, in a root that has nothing else. */
  async #runs(architecture: string): Promise<boolean> {
    const target = elfTargets[architecture];
    if (target === undefined) return false;
    const root = join(this.#options.dir, `try-${architecture}`);
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'exit'), tinyProgram(target, target.exit), { mode: 0o755 });
    try {
      const { unshare } = this.#options.tools;
      return succeeded(await runProgram(unshare, { args: [`--root=${root}`, '/exit'], env: 'inherited' }));
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
}

/** By architecture: the emulator on `path` (as in PATH), a static one if there is one. */
export async function findEmulators(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [architecture, { qemu }] of Object.entries(elfTargets)) {
    for (const name of [`qemu-${qemu}-static`, `qemu-${qemu}`, `buildkit-qemu-${qemu}`]) {
      const file = await findProgram(name, path);
      if (file === undefined) continue;
      const dynamic = await isDynamicProgram(file);
      if (!dynamic || found[architecture] === undefined) found[architecture] = await realpath(file);
      if (!dynamic) break;
    }
  }
  return found;
}

/** Whether the program needs a loader, and libraries, in the root it runs in. */
export async function isDynamicProgram(file: string): Promise<boolean> {
  await using handle = await open(file);
  const head = Buffer.alloc(4096);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  // A script has an interpreter as well.
  return isDynamic(head.subarray(0, bytesRead)) ?? true;
}

/** qemu takes `argv[0]` from the kernel since 6.0; an older one would take it for an argument. */
async function flagsFor(emulator: string): Promise<BinfmtFlags> {
  const { stdout } = await runProgram(emulator, { args: ['--version'], env: 'inherited' });
  const major = /version (\d+)/.exec(stdout)?.[1];
  return Number(major ?? 0) >= 6 ? 'FCP' : 'FC';
}

function notFound(architecture: string) {
  const qemu = elfTargets[architecture]?.qemu ?? architecture;
  return emulationUnavailable(
    architecture,
    `there is no qemu-${qemu}-static`,
    `install qemu-user-static (Debian, Ubuntu), qemu-user-static-${qemu} (Fedora) or qemu-${qemu} (Alpine)`,
  );
}

function notRegistered(architecture: string, why: string) {
  return emulationUnavailable(
    architecture,
    why,
    'register qemu for the whole machine: install qemu-user-static and binfmt-support (Debian, Ubuntu), or run `docker run --privileged --rm tonistiigi/binfmt --install all`',
  );
}

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
  { interpreter, flags }: { readonly interpreter: string; readonly flags: BinfmtFlags },
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
