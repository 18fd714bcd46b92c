import { realpath } from 'node:fs/promises';
import { hasNoNewPrivileges } from './capabilities.ts';
import type { Executor, ExecutorOptions, ExecutorRun, ProcessExit, ProcessSpec } from './executor.ts';
import { areAll, areTooFew, lastOf, requireMapped } from './id-map.ts';
import { farOwners, fewOwners, type Lack, noDevices, noHostName, noPing, noRawSockets, noSetUserId } from './lack.ts';
import { killChildren, killGroup, type Launch, launch } from './launch.ts';
import { launchOnTerminal } from './launch-on-terminal.ts';
import { type Limit, nestedUserNamespaces, noFilter, sharedNetwork, sharedProcesses } from './limit.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { examineMachine, type MachineView, mayMountSys, mountTable } from './machine-view.ts';
import { makeMountPoints } from './mount-points.ts';
import { sandboxCommand } from './namespaces.ts';
import { NetworkFiles, withShown } from './network-files.ts';
import type { NoNetwork } from './network-helper.ts';
import { mayPing } from './ping.ts';
import { openPrivateNetwork, type PrivateNetwork } from './private-network.ts';

/** As of every executor; the filter of system calls can be left out. */
export interface NamespacesExecutorOptions extends ExecutorOptions {
  /** Steps make whatever system call they like; so tests see what holds without the filter. */
  readonly withoutFilter?: boolean;
}

/**
 * Runs each process in new mount, pid, ipc and uts namespaces (network on demand) of the user namespace it is itself in,
 * with the programs of util-linux. Needs CAP_SYS_ADMIN in that user namespace.
 */
export class NamespacesExecutor implements Executor {
  readonly name = 'namespaces';
  readonly hasMounts = true;
  readonly #options: NamespacesExecutorOptions;
  readonly #networkFiles: NetworkFiles;
  #machine: Promise<MachineView> | undefined;
  #newSys: Promise<boolean> | undefined;
  #private: Promise<PrivateNetwork | NoNetwork> | undefined;

  constructor(options: NamespacesExecutorOptions) {
    this.#options = options;
    this.#networkFiles = new NetworkFiles(options.dir);
  }

  async run({ rootfs, process, onOutput, terminal }: ExecutorRun, signal: AbortSignal): Promise<ProcessExit> {
    signal.throwIfAborted();
    const { dir, emulation, tools } = this.#options;
    this.#machine ??= examineMachine(dir, tools);
    const [machine, root, mounts, network] = await Promise.all([
      this.#machine,
      realpath(rootfs),
      mountTable(),
      this.#networkOf(process),
      emulation.ensure(process.platform, signal),
    ]);
    requireMapped(machine.ids, process.user);
    const files = await this.#networkFiles.mounts(process, typeof network === 'string' ? network : 'private');
    if (network !== 'host') this.#newSys ??= mayMountSys(tools);
    const gate = this.#options.withoutFilter ? { ...machine.gate, filter: undefined } : machine.gate;
    const view = { ...machine, gate, mounts, newSys: (await this.#newSys) ?? false };
    await using sockets = await ListeningSockets.open(process.mounts, dir);
    const own = { cwd: process.cwd, user: process.user, mounts: sockets.mounts };
    await using points = await makeMountPoints(root, { process: own, mounts: withShown(files, sockets.mounts) }, view);
    const order: Launch = {
      process,
      dir,
      tools,
      kill: machine.seesOwnPids ? killChildren : killGroup,
      command: (files) =>
        sandboxCommand(
          {
            rootfs: root,
            process,
            network,
            deviceTemplate: machine.deviceTemplate,
            mounts: points.steps,
            view,
            tools,
            hasTerminal: terminal !== undefined,
          },
          files,
        ),
      onOutput,
    };
    return await (terminal === undefined ? launch(order, signal) : launchOnTerminal({ ...order, terminal }, signal));
  }

  async limits(signal: AbortSignal): Promise<readonly Limit[]> {
    signal.throwIfAborted();
    const { dir, tools, withoutFilter } = this.#options;
    this.#machine ??= examineMachine(dir, tools);
    this.#private ??= this.#openPrivate();
    const [{ gate, nestedNamespaces, newProc }, network] = await Promise.all([this.#machine, this.#private]);
    const limits: Limit[] = [];
    if ('why' in network) limits.push(sharedNetwork(network));
    const filtered = gate.filter !== undefined && !withoutFilter;
    if (!filtered) limits.push(noFilter());
    if (!filtered && nestedNamespaces) limits.push(nestedUserNamespaces());
    if (!newProc) limits.push(sharedProcesses());
    return limits;
  }

  async notices(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    const { dir, tools } = this.#options;
    this.#machine ??= examineMachine(dir, tools);
    return (await this.#machine).mayName ? [] : [noHostName().message];
  }

  async lacks(asked: ProcessSpec['network'], signal: AbortSignal): Promise<readonly Lack[]> {
    signal.throwIfAborted();
    const { dir, tools } = this.#options;
    this.#machine ??= examineMachine(dir, tools);
    const [{ gate, ids, mayName }, network] = await Promise.all([this.#machine, this.#networkOf({ network: asked })]);
    const lacks = [noDevices(), ...(mayName ? [] : [noHostName()])];
    if (network !== 'none') {
      const enter = network === 'host' ? [] : [tools.nsenter!, `--net=${network.namespace}`];
      if (!(await mayPing({ dir, sh: tools.sh, gate }, enter))) {
        lacks.push(noPing(network === 'host' ? 'host' : 'private'));
      }
      lacks.push(noRawSockets());
    }
    if (areTooFew(ids.users) || areTooFew(ids.groups)) lacks.push(fewOwners());
    else if (!areAll(ids.users) || !areAll(ids.groups)) lacks.push(farOwners(lastOf(ids.users), lastOf(ids.groups)));
    if (await hasNoNewPrivileges()) lacks.push(noSetUserId());
    return lacks;
  }

  async #networkOf({ network }: Pick<ProcessSpec, 'network'>): Promise<'none' | 'host' | PrivateNetwork> {
    if (network !== 'default') return network;
    this.#private ??= this.#openPrivate();
    const opened = await this.#private;
    return 'why' in opened ? 'host' : opened;
  }

  #openPrivate(): Promise<PrivateNetwork | NoNetwork> {
    const { dir, tools } = this.#options;
    return openPrivateNetwork(dir, tools, () => {
      this.#machine ??= examineMachine(dir, tools);
      return this.#machine;
    });
  }
}
