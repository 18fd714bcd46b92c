import { readdir, readlink, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostPlatform } from '../../oci/platform.ts';
import { FailureError } from '../../result.ts';
import { defaultCapabilities, hasNoNewPrivileges, ownCapabilities } from './capabilities.ts';
import type { Executor, ExecutorOptions, ExecutorRun, ProcessExit, ProcessSpec } from './executor.ts';
import { networkUnsupported, settingUnsupported } from './failure.ts';
import { type Gate, makeGate } from './gate.ts';
import { callTable } from './gate-table.ts';
import { ownIds, requireMapped } from './id-map.ts';
import { type Lack, noDevices, noProc, noRawSockets, noSetUserId } from './lack.ts';
import { kill, killGroup, type Launch, launch } from './launch.ts';
import { launchOnTerminal } from './launch-on-terminal.ts';
import { type Limit, onlyChroot } from './limit.ts';
import { hostsFile, machineResolvConf } from './network-files.ts';
import { processCommand } from './process-command.ts';
import { shellWord } from './shell.ts';
import { programsToTry, stepCalls } from './step-calls.ts';
import { TemporaryFiles } from './temporary-files.ts';

/** Of this process; `process` is the step's further down. */
const hostArchitecture = process.arch;

/**
 * Runs processes with chroot(2) alone, where namespaces and mounts are refused: as root of a container with the usual
 * rights (CAP_SYS_CHROOT, CAP_MKNOD). A process sees no /proc and no /sys, the pids, network and name of the machine, and
 * devices that are removed after it; of what it does in /dev, /proc, /sys and to the files of the network nothing stays. What would be
 * mounted is moved into the root and back, and can be written to; a process without network is refused.
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

  /** Its limit says all of it. */
  async notices(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return [];
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

  async run({ rootfs, process, onOutput, terminal }: ExecutorRun, signal: AbortSignal): Promise<ProcessExit> {
    signal.throwIfAborted();
    const files = process.mounts.filter((mount) => mount.type === 'socket' || mount.type === 'file');
    const mounts = process.mounts.filter((mount) => mount.type === 'bind' || mount.type === 'tmpfs');
    if (process.network === 'none') throw new FailureError(networkUnsupported());
    if (process.shmSize !== undefined) throw new FailureError(settingUnsupported('a /dev/shm: --shm-size has no use'));
    if (process.isNamed) throw new FailureError(settingUnsupported('a host name of their own'));
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
    await using temporaryFiles = new TemporaryFiles(root, tools);
    await temporaryFiles.makeKernelDirectories();
    await temporaryFiles.makeDevices();
    // Not where something else is mounted; what is above them may hide them.
    const isFree = (path: string) => process.mounts.every(({ target }) => posix.resolve('/', target) !== path);
    if (isFree('/etc/resolv.conf')) await temporaryFiles.lendFile('/etc/resolv.conf', await machineResolvConf('host'));
    if (isFree('/etc/hosts')) await temporaryFiles.lendFile('/etc/hosts', hostsFile(process));
    await temporaryFiles.lendMounts(mounts);
    for (const file of files) await temporaryFiles.lendOne(file);
    await temporaryFiles.makeWorkingDirectory(process);
    const order: Launch = {
      process,
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
          { root, hasTerminal: terminal !== undefined },
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
    };
    return await (terminal === undefined ? launch(order, signal) : launchOnTerminal({ ...order, terminal }, signal));
  }
}

function script(
  { root, hasTerminal }: { readonly root: string; readonly hasTerminal: boolean },
  command: string,
): string {
  return `{\n${hasTerminal ? '' : 'exec </dev/null\n'}set -e\numask 022\ncd ${shellWord(root)}\n${command}\n}\n`;
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
