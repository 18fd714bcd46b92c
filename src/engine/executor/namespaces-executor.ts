import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readlink, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Emulation } from './emulation.ts';
import type { Executor, ExitStatus, OnOutput, ProcessSpec } from './executor.ts';
import { type Ids, ownIds } from './id-map.ts';
import { requireMapped, withEnvironment } from './image-process.ts';
import { killChildren, killGroup } from './kill.ts';
import { launch } from './launch.ts';
import { makeMountPoints } from './mount-points.ts';
import { parseMountTable } from './mount-table.ts';
import { deviceLinks, deviceNames, type KernelView, maskedPaths, readonlyPaths, sandboxCommand } from './namespaces.ts';
import { NetworkFiles } from './network-files.ts';
import type { ExecutorTools } from './tools.ts';

const execFileAsync = promisify(execFile);

export interface NamespacesExecutorOptions {
  /** Existing directory of this executor alone; what it writes there is small. */
  readonly dir: string;
  readonly tools: ExecutorTools;
  readonly emulation: Emulation;
}

/**
 * Runs each process in new mount, pid, ipc and uts namespaces (network on demand) of the user namespace it is itself in,
 * with the programs of util-linux. Needs CAP_SYS_ADMIN in that user namespace.
 */
export class NamespacesExecutor implements Executor {
  readonly name = 'namespaces';
  readonly #options: NamespacesExecutorOptions;
  readonly #networkFiles: NetworkFiles;
  #machine: Promise<Machine> | undefined;
  #newSys: Promise<boolean> | undefined;

  constructor(options: NamespacesExecutorOptions) {
    this.#options = options;
    this.#networkFiles = new NetworkFiles(options.dir);
  }

  async run(rootfs: string, process: ProcessSpec, onOutput: OnOutput, signal: AbortSignal): Promise<ExitStatus> {
    signal.throwIfAborted();
    const { dir, emulation, tools } = this.#options;
    this.#machine ??= examineMachine(dir, tools);
    const [machine, root, mounts, files] = await Promise.all([
      this.#machine,
      realpath(rootfs),
      mountTable(),
      this.#networkFiles.mounts(process),
      emulation.ensure(process.platform, signal),
    ]);
    requireMapped(machine.ids, process.user);
    const view = { ...machine, mounts, newSys: process.network === 'none' && (await this.#mayMountSys()) };
    const { args, plain } = await withEnvironment(root, process);
    const points = await makeMountPoints(root, process, [...files, ...process.mounts], view);
    try {
      return await launch(
        {
          program: process.args[0]!,
          hostname: process.hostname,
          dir,
          tools,
          kill: machine.seesOwnPids ? killChildren : killGroup,
          command: (tableFile) =>
            sandboxCommand(
              {
                rootfs: root,
                process: { ...process, args },
                env: plain,
                deviceTemplate: machine.deviceTemplate,
                mounts: points.steps,
                view,
                tools,
              },
              tableFile,
            ),
        },
        onOutput,
        signal,
      );
    } finally {
      await points.remove();
    }
  }

  #mayMountSys(): Promise<boolean> {
    const { tools } = this.#options;
    this.#newSys ??= works(tools.unshare, ['--mount', '--net', tools.mount, '-t', 'sysfs', 'sysfs', '/sys']);
    return this.#newSys;
  }
}

/** Of the view: what does not change. */
interface Machine extends Omit<KernelView, 'mounts' | 'newSys'> {
  readonly ids: Ids;
  readonly deviceTemplate: string;
  /** /proc is that of the pid namespace this process is in. */
  readonly seesOwnPids: boolean;
}

async function examineMachine(dir: string, tools: ExecutorTools): Promise<Machine> {
  const inNewPidNamespace = ['--mount', '--pid', '--fork', '--kill-child'];
  const [newProc, ids, self, devices, masked, readonly] = await Promise.all([
    works(tools.unshare, [...inNewPidNamespace, tools.mount, '-t', 'proc', 'proc', '/proc']),
    ownIds(),
    readlink('/proc/self'),
    existing(deviceNames.map((name) => `/dev/${name}`)),
    existing(maskedPaths),
    existing(readonlyPaths),
  ]);
  const names = devices.map(({ path }) => path.slice('/dev/'.length));
  return {
    newProc,
    ids,
    setGroups: ids.setGroups,
    seesOwnPids: self === String(process.pid),
    devices: names,
    masked,
    readonly: readonly.map(({ path }) => path),
    deviceTemplate: await makeDeviceTemplate(dir, names),
  };
}

async function makeDeviceTemplate(dir: string, devices: readonly string[]): Promise<string> {
  const template = await mkdtemp(join(dir, 'dev-'));
  await chmod(template, 0o755);
  await Promise.all([
    ...devices.map((name) => writeFile(join(template, name), '')),
    ...['pts', 'shm', 'mqueue'].map((name) => mkdir(join(template, name))),
    ...Object.entries(deviceLinks).map(([name, to]) => symlink(to, join(template, name))),
  ]);
  return template;
}

async function existing(
  paths: readonly string[],
): Promise<readonly { readonly path: string; readonly directory: boolean }[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path).catch(() => undefined);
      return stats === undefined ? [] : [{ path, directory: stats.isDirectory() }];
    }),
  );
  return found.flat();
}

async function mountTable(): Promise<KernelView['mounts']> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
}

async function works(file: string, args: readonly string[]): Promise<boolean> {
  return execFileAsync(file, args).then(
    () => true,
    () => false,
  );
}
