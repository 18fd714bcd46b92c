import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shellCommand } from './shell.ts';
import type { ExecutorTools } from './tools.ts';

const execFileAsync = promisify(execFile);

/** The address at which slirp4netns(1) answers questions of names, by those the machine asks. */
export const SLIRP_NAME_SERVER = '10.0.2.3';
/** Milliseconds a helper gets to bring its interface up. */
const TO_START = 20_000;

/** A network namespace with a way out of this machine, but not to its loopback interface or its abstract sockets. */
export interface PrivateNetwork {
  /** What setns(2) takes, mounted in the mount namespace of this process. */
  readonly namespace: string;
}

/** Why there is none, as a sentence, and what would give one. */
export interface NoNetwork {
  readonly why: string;
  readonly fix: string;
}

/**
 * Makes one, for all steps of this process: they share it as they would share the network of the machine, and none of them
 * waits for a helper of its own. It ends with the pid namespace of this process. Where there is no way: why.
 */
export async function openPrivateNetwork(dir: string, tools: ExecutorTools): Promise<PrivateNetwork | NoNetwork> {
  const { slirp4netns, nsenter } = tools;
  if (slirp4netns === undefined) return { why: 'slirp4netns is not installed', fix: 'install slirp4netns' };
  if (nsenter === undefined) return { why: 'nsenter is not installed', fix: 'install util-linux' };
  const namespace = join(dir, 'network');
  await writeFile(namespace, '');
  const mount = shellCommand([tools.mount, '-n', '--bind', '/proc/self/ns/net', namespace]);
  try {
    await execFileAsync(tools.unshare, ['--net', tools.sh, '-c', mount]);
  } catch (error) {
    return { why: `no network namespace can be made: ${saidBy(error)}`, fix: 'see `cip doctor`' };
  }
  // The filter of a container may allow namespaces to be made, but none to be entered.
  try {
    await execFileAsync(nsenter, [`--net=${namespace}`, 'true']);
  } catch (error) {
    return { why: `no network namespace can be entered: ${saidBy(error)}`, fix: 'see `cip doctor`' };
  }
  const device = await accessTo('/dev/net/tun');
  if (device !== 'given') return noDevice[device];
  const complaint = await startSlirp(slirp4netns, namespace);
  return complaint === undefined ? { namespace } : { why: complaint, fix: 'try slirp4netns by hand, or update it' };
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

/** Resolves when the interface is up; with a sentence if it can't be. */
async function startSlirp(program: string, namespace: string): Promise<string | undefined> {
  const options = ['--configure', '--mtu=65520', '--disable-host-loopback', '--ready-fd=3', '--netns-type=path'];
  const child = spawn(program, [...options, namespace, 'tap0'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-1000);
  });
  const [ready, complaints] = [child.stdio[3]!, child.stderr!];
  const answer = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve('it does not get ready'), TO_START);
    ready.once('data', () => resolve(undefined));
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(oneLine(said) || (signal ?? `exit status ${code}`)));
    child.once('exit', () => clearTimeout(timer));
    ready.once('data', () => clearTimeout(timer));
  });
  if (answer !== undefined) child.kill('SIGKILL');
  // It lives as long as this process does, and keeps nobody waiting.
  child.unref();
  for (const stream of [ready, complaints]) (stream as { unref?: () => void }).unref?.();
  return answer === undefined ? undefined : `slirp4netns fails: ${answer}`;
}

function saidBy(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return oneLine(stderr || message);
}

function oneLine(text: string): string {
  return text.trim().replaceAll('\n', '; ');
}
