import { lchown, lstat, readdir, readFile, readlink, realpath, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostPlatform } from '../../oci/platform.ts';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { FailureError } from '../../result.ts';
import { defaultCapabilities, hasNoNewPrivileges, ownCapabilities } from './capabilities.ts';
import type { Executor, ExecutorOptions, ExecutorRun, ProcessExit, ProcessSpec } from './executor.ts';
import {
  mountsUnsupported,
  mountTargetInvalid,
  networkUnsupported,
  sandboxFailed,
  workingDirectoryInvalid,
} from './failure.ts';
import { type Gate, makeGate } from './gate.ts';
import { callTable } from './gate-table.ts';
import { ownIds, requireMapped } from './id-map.ts';
import { type Lack, noDevices, noProc, noRawSockets, noSetUserId } from './lack.ts';
import { kill, killGroup, launch } from './launch.ts';
import { type Limit, onlyChroot } from './limit.ts';
import { kernelDirectories, makeLevel } from './mount-points.ts';
import { hostsFile, machineResolvConf } from './network-files.ts';
import { processCommand } from './process-command.ts';
import { isInPlace, type Located, RootView } from './root-view.ts';
import { shellWord } from './shell.ts';
import { programsToTry, stepCalls } from './step-calls.ts';
import { Stubs } from './stubs.ts';

/** Of this process; `process` is the step's further down. */
const hostArchitecture = process.arch;

/** Character devices: name → major and minor number. https://docs.kernel.org/admin-guide/devices.html */
const devices = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
} as const;

/**
 * Runs processes with chroot(2) alone, where namespaces and mounts are refused: as root of a container with the usual
 * rights (CAP_SYS_CHROOT, CAP_MKNOD). A process sees no /proc and no /sys, the pids, network and name of the machine, and
 * devices that are removed after it. RUN --mount and a process without network are refused.
 */
export class ChrootExecutor implements Executor {
  readonly name = 'chroot';
  readonly hasMounts = false;
  readonly #options: ExecutorOptions;
  #gate: Promise<Gate> | undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  async limits(signal: AbortSignal): Promise<readonly Limit[]> {
    signal.throwIfAborted();
    return [onlyChroot()];
  }

  /** Its rights are those of this process, as far as steps keep them. */
  async lacks(_: ProcessSpec['network'], signal: AbortSignal): Promise<readonly Lack[]> {
    signal.throwIfAborted();
    const { permitted } = await ownCapabilities();
    const may = (name: (typeof defaultCapabilities)[number]['name']) =>
      defaultCapabilities.some((one) => one.name === name && (permitted & (1n << BigInt(one.number))) !== 0n);
    const setUserId = (await hasNoNewPrivileges()) ? [noSetUserId()] : [];
    const rights = [...(may('mknod') ? [] : [noDevices()]), ...(may('net_raw') ? [] : [noRawSockets()])];
    return [...rights, noProc(), ...setUserId];
  }

  async run({ rootfs, process, onOutput }: ExecutorRun, signal: AbortSignal): Promise<ProcessExit> {
    signal.throwIfAborted();
    if (process.mounts.length > 0) {
      throw new FailureError(mountsUnsupported(process.mounts.map(({ target }) => target)));
    }
    if (process.network === 'none') throw new FailureError(networkUnsupported());
    const { dir, emulation, tools } = this.#options;
    const { architecture } = hostPlatform(hostArchitecture);
    this.#gate ??= makeGate(dir, architecture, tools.sh);
    const [root, ids, gate, capabilities] = await Promise.all([
      realpath(rootfs),
      ownIds(),
      this.#gate,
      ownCapabilities(),
      emulation.ensure(process.platform, signal),
    ]);
    requireMapped(ids, process.user);
    await using temporaryFiles = new TemporaryFiles(root);
    await temporaryFiles.makeKernelDirectories();
    await temporaryFiles.makeDevices();
    await temporaryFiles.lendFile('/etc/resolv.conf', await machineResolvConf('host'));
    await temporaryFiles.lendFile('/etc/hosts', hostsFile(process.hostname));
    await temporaryFiles.makeWorkingDirectory(process);
    return await launch(
      {
        program: process.args[0]!,
        dir,
        tools,
        kill: async (pid) => {
          killGroup(pid);
          await killWithin(root);
        },
        killRest: () => killAllWithin(root),
        command: ({ gateTable }) => ({
          command: [tools.sh],
          script: script(
            root,
            processCommand(process.args, process.env, { tools, gate: gate.program, table: gateTable }),
          ),
          tables: [],
          gate: callTable(
            architecture,
            stepCalls({ process, root: 'chroot', setGroups: ids.setGroups, capabilities, filter: gate.filter }),
            programsToTry(process.args[0]!, process.env),
          ),
        }),
        onOutput,
      },
      signal,
    );
  }
}

function script(root: string, command: string): string {
  return `{\nexec </dev/null\nset -e\numask 022\ncd ${shellWord(root)}\n${command}\n}\n`;
}

/** What a process needs to find in its root, put there for a while. */
class TemporaryFiles implements AsyncDisposable {
  readonly #rootfs: string;
  readonly #root: RootView;
  readonly #stubs: Stubs;
  readonly #lent: { readonly file: string; readonly text: string; readonly before: Buffer | undefined }[] = [];

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
    this.#root = new RootView(rootfs);
    this.#stubs = new Stubs(rootfs);
  }

  /** As where they can be mounted on. */
  async makeKernelDirectories(): Promise<void> {
    for (const target of kernelDirectories) {
      const at = await this.#root.locate(target);
      if (typeof at === 'string') throw new FailureError(mountTargetInvalid(target, at));
      if (at.stats === undefined && at.path === target) await makeLevel(at.file!);
    }
  }

  async makeDevices(): Promise<void> {
    for (const [name, [major, minor]] of Object.entries(devices)) {
      const at = await this.#located(`/dev/${name}`);
      if (at.stats?.isCharacterDevice()) continue;
      if (at.stats !== undefined)
        throw new FailureError(mountTargetInvalid(at.path, 'it is in the image, and no device'));
      await this.#stubs.makeDevice(at.file!, async () => {
        const made = await runProgram('mknod', { args: [at.file!, 'c', `${major}`, `${minor}`], env: 'inherited' });
        if (!succeeded(made)) throw new FailureError(sandboxFailed(complaintOf(made)));
      });
    }
  }

  /** Gives a file another content for a while. What the process then writes to it stays. */
  async lendFile(path: string, text: string): Promise<void> {
    const at = await this.#located(path);
    if (at.stats !== undefined && !at.stats.isFile()) throw new FailureError(mountTargetInvalid(path, 'it is no file'));
    if (at.stats === undefined) await this.#stubs.makeFile(at.file!);
    const before = at.stats === undefined ? undefined : await readFile(at.file!);
    this.#lent.push({ file: at.file!, text, before });
    await writeFile(at.file!, text);
    if (at.stats !== undefined) await utimes(at.file!, at.stats.atime, at.stats.mtime);
  }

  async makeWorkingDirectory({ cwd, user }: ProcessSpec): Promise<void> {
    const missing: Located[] = [];
    let at = await this.#root.locate(cwd);
    while (typeof at !== 'string' && at.stats === undefined) {
      missing.unshift(at);
      at = await this.#root.locate(dirname(at.path));
    }
    if (typeof at === 'string') throw new FailureError(workingDirectoryInvalid(cwd, at));
    if (!at.stats?.isDirectory()) throw new FailureError(workingDirectoryInvalid(cwd, `${at.path} is not a directory`));
    for (const { file } of missing) {
      await makeLevel(file!);
      await lchown(file!, user.uid, user.gid);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file, text, before } of this.#lent.splice(0)) {
      if (!(await isInPlace(this.#rootfs, dirname(file)))) continue;
      const stats = await lstat(file).catch(() => undefined);
      if (!stats?.isFile() || (await readFile(file, 'utf8')) !== text) continue;
      await writeFile(file, before ?? '');
      await utimes(file, stats.atime, stats.mtime);
    }
    await this.#stubs.remove();
  }

  /** With the directories above it made where they are missing: above where it leads, if it is a link. */
  async #located(path: string): Promise<Located> {
    const at = await this.#root.locate(path);
    if (typeof at === 'string') throw new FailureError(mountTargetInvalid(path, at));
    if (at.stats !== undefined) return at;
    const parent = await this.#located(dirname(at.path));
    if (parent.stats === undefined) await this.#stubs.makeDirectory(parent.file!);
    return at;
  }
}

/** Every process whose root is in there is one of ours: nobody else has it. True if there was any. */
async function killWithin(root: string): Promise<boolean> {
  let found = false;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const theirs = await readlink(join('/proc', name, 'root')).catch(() => '');
    if (theirs !== root && !theirs.startsWith(`${root}/`)) continue;
    found = true;
    kill(Number(name));
  }
  return found;
}

async function killAllWithin(root: string): Promise<void> {
  while (await killWithin(root)) await delay(5);
}
