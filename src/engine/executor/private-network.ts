import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { complaintLine, runProgram, succeeded } from '../../program/run-program.ts';
import type { Gate } from './gate.ts';
import type { Ids } from './id-map.ts';
import { HELPER, type NoNetwork, startHelper } from './network-helper.ts';
import { startPasta } from './pasta.ts';
import { allowPing } from './ping.ts';
import { shellCommand } from './shell.ts';
import type { ExecutorTools } from './tools.ts';

/** A network namespace with a way out of this machine, but not to its loopback interface or its abstract sockets. */
export interface PrivateNetwork {
  /** What setns(2) takes, mounted in the mount namespace of this process. */
  readonly namespace: string;
}

/**
 * Makes one, for all steps of this process: they share it as they would share the network of the machine, and none of them
 * waits for a helper of its own. It ends with the pid namespace of this process. Where there is no way: why.
 */
export async function openPrivateNetwork(
  dir: string,
  tools: ExecutorTools,
  machine: () => Promise<{ readonly gate: Gate; readonly ids: Pick<Ids, 'groups'> }>,
): Promise<PrivateNetwork | NoNetwork> {
  const { slirp4netns, pasta, nsenter } = tools;
  if (slirp4netns === undefined && pasta === undefined) {
    return {
      why: 'neither slirp4netns nor pasta is installed',
      fix: 'install slirp4netns (or pasta, of May 2025 or later)',
    };
  }
  if (nsenter === undefined) return { why: 'nsenter is not installed', fix: 'install util-linux' };
  const namespace = join(dir, 'network');
  await writeFile(namespace, '');
  const { groups } = (await machine()).ids;
  const mount = shellCommand([tools.mount, '-n', '--bind', '/proc/self/ns/net', namespace]);
  const script = `${allowPing(groups)}\n${mount}`;
  const made = await runProgram(tools.unshare, { args: ['--net', tools.sh, '-c', script], env: 'inherited' });
  if (!succeeded(made)) {
    return { why: `no network namespace can be made: ${complaintLine(made)}`, fix: 'see `cip doctor`' };
  }
  // The filter of a container may allow namespaces to be made, but none to be entered.
  const entered = await runProgram(nsenter, { args: [`--net=${namespace}`, 'true'], env: 'inherited' });
  if (!succeeded(entered)) {
    return { why: `no network namespace can be entered: ${complaintLine(entered)}`, fix: 'see `cip doctor`' };
  }
  const device = await accessTo('/dev/net/tun');
  if (device !== 'given') return noDevice[device];
  const missing =
    slirp4netns === undefined
      ? await startPasta(pasta!, { dir, namespace, nsenter, sh: tools.sh, gate: async () => (await machine()).gate })
      : await startSlirp(slirp4netns, namespace);
  return missing ?? { namespace };
}

const noDevice = {
  missing: {
    why: 'there is no /dev/net/tun',
    fix: 'sudo modprobe tun; in a container, start it with --device /dev/net/tun',
  },
  refused: {
    why: 'this user may not use /dev/net/tun',
    fix: 'sudo chmod 666 /dev/net/tun, or add the user to its group',
  },
} satisfies Record<string, NoNetwork>;

/** In the namespaces of the worker, whose root may be an ordinary user outside of them. */
async function accessTo(device: string): Promise<'given' | 'refused' | 'missing'> {
  return await access(device, constants.R_OK | constants.W_OK).then(
    () => 'given',
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'missing' : 'refused'),
  );
}

/** Resolves when the interface is up. */
async function startSlirp(program: string, namespace: string): Promise<NoNetwork | undefined> {
  const options = ['--configure', '--mtu=65520', '--disable-host-loopback', '--ready-fd=3', '--netns-type=path'];
  const helper = await startHelper(
    program,
    [...options, namespace, HELPER.interface],
    (child) => new Promise((resolve) => child.stdio[3]!.once('data', resolve)),
  );
  if (typeof helper === 'string') {
    return { why: `slirp4netns fails: ${helper}`, fix: 'try slirp4netns by hand, or update it' };
  }
  helper.leave();
  return undefined;
}
