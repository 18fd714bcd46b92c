import { chmod, mkdir, mkdtemp, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform } from '../../oci/platform.ts';
import { runProgram, succeeded } from '../../program/run-program.ts';
import { ownCapabilities } from './capabilities.ts';
import { makeGate } from './gate.ts';
import { mayName } from './host-name.ts';
import { type Ids, ownIds } from './id-map.ts';
import { type MountedFileSystem, parseMountTable } from './mount-table.ts';
import { deviceLinks, deviceNames, type KernelView, maskedPaths, readonlyPaths } from './namespaces.ts';
import type { ExecutorTools } from './tools.ts';

/** Of the view: what does not change while this process runs. */
export interface MachineView extends Omit<KernelView, 'mounts' | 'newSys'> {
  readonly ids: Ids;
  /** A /dev without its devices: empty files and directories to mount on, and links. */
  readonly deviceTemplate: string;
  /** A uts namespace can be given a host name. */
  readonly mayName: boolean;
  /** Steps may make user namespaces, as far as the kernel counts them. */
  readonly nestedNamespaces: boolean;
  /** /proc is that of the pid namespace this process is in. */
  readonly seesOwnPids: boolean;
}

/** Tries what can be tried; writes the template into `dir`. */
export async function examineMachine(dir: string, tools: ExecutorTools): Promise<MachineView> {
  const { architecture } = hostPlatform(process.arch);
  const [newProc, ids, self, gate, capabilities, devices, masked, readonly] = await Promise.all([
    mayMountProc(tools),
    ownIds(),
    readlink('/proc/self'),
    makeGate(dir, architecture, tools.sh),
    ownCapabilities(),
    existing(deviceNames.map((name) => `/dev/${name}`)),
    existing(maskedPaths),
    existing(readonlyPaths),
  ]);
  const names = devices.map(({ path }) => path.slice('/dev/'.length));
  return {
    newProc,
    mayName: await mayName({ dir, sh: tools.sh, unshare: tools.unshare, gate }),
    gate,
    capabilities,
    ids,
    setGroups: ids.setGroups,
    nestedNamespaces: (await readFile('/proc/sys/user/max_user_namespaces', 'utf8').catch(() => '')).trim() !== '0',
    seesOwnPids: self === String(process.pid),
    devices: names,
    masked,
    readonly: readonly.map(({ path }) => path),
    deviceTemplate: await makeDeviceTemplate(dir, names),
  };
}

/** Refused where parts of /proc are covered, as container runtimes do. */
function mayMountProc({ unshare, mount }: ExecutorTools): Promise<boolean> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  return works(unshare, [...namespaces, mount, '-n', '-t', 'proc', 'proc', '/proc']);
}

/** Refused where parts of /sys are covered. */
export function mayMountSys({ unshare, mount }: ExecutorTools): Promise<boolean> {
  return works(unshare, ['--mount', '--net', mount, '-n', '-t', 'sysfs', 'sysfs', '/sys']);
}

/** Of the mount namespace of this process, at this moment. */
export async function mountTable(): Promise<readonly MountedFileSystem[]> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
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

async function works(file: string, args: readonly string[]): Promise<boolean> {
  return succeeded(await runProgram(file, { args, env: 'inherited' }));
}
