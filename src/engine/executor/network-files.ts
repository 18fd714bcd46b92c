import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { PlainMount, ProcessSpec } from './executor.ts';
import { HELPER } from './network-helper.ts';

/** `private` is that of `openPrivateNetwork()`. */
type KindOfNetwork = 'none' | 'host' | 'private';

/** systemd's list of the real servers; /etc/resolv.conf names only its own, which listens on the machine's loopback. */
const SYSTEMD_UPSTREAM = '/run/systemd/resolve/resolv.conf';
const SYSTEMD_STUB = '127.0.0.53';

/**
 * Text of /etc/resolv.conf for a process. `upstream` is systemd's list, if there is one. With a network of its own a
 * process cannot reach servers on the machine's loopback: these lines are left out, or replaced by the server that a
 * private network has for them.
 */
export function resolvConf(own: string, upstream: string | undefined, network: KindOfNetwork): string {
  const servers = nameservers(own);
  const text = upstream !== undefined && servers.length > 0 && servers.every(isStub) ? upstream : own;
  if (network === 'host') return text;
  if (network === 'private') return privateResolvConf(text);
  return lines(text)
    .filter((line) => !nameservers(line).some(isLoopback))
    .map((line) => `${line}\n`)
    .join('');
}

/** A private network has IPv4 only. */
function privateResolvConf(text: string): string {
  const servers = nameservers(text);
  const reachable = servers.filter((server) => !isLoopback(server) && !server.includes(':'));
  const others = lines(text).filter((line) => nameservers(line).length === 0);
  const chosen = reachable.length > 0 || servers.length === 0 ? reachable : [HELPER.nameServer];
  return [...chosen.map((server) => `nameserver ${server}`), ...others].map((line) => `${line}\n`).join('');
}

/** The text of /etc/hosts that a step sees; never part of a layer. */
export function hostsFile({ hostname, hosts = [] }: Pick<ProcessSpec, 'hostname' | 'hosts'>): string {
  const more = hosts.map(({ name, ip }) => `${ip}\t${name}\n`).join('');
  return `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n${more}`;
}

/** Files that say where other machines are. Lie in `dir`, under names that say what is in them. */
export class NetworkFiles {
  readonly #dir: string;
  readonly #written = new Map<string, Promise<string>>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Read-only, as what is asked of the network is no part of a layer. */
  async mounts(
    process: Pick<ProcessSpec, 'hostname' | 'hosts'>,
    network: KindOfNetwork,
  ): Promise<readonly PlainMount[]> {
    const text = await machineResolvConf(network);
    const [resolv, hosts] = await Promise.all([
      this.#write('resolv.conf', text),
      this.#write('hosts', hostsFile(process)),
    ]);
    return [
      { type: 'bind', source: resolv, target: '/etc/resolv.conf', readonly: true },
      { type: 'bind', source: hosts, target: '/etc/hosts', readonly: true },
    ];
  }

  #write(name: string, text: string): Promise<string> {
    const file = join(this.#dir, `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`);
    let written = this.#written.get(file);
    if (written === undefined) {
      written = writeWhole(file, text);
      this.#written.set(file, written);
    }
    return written;
  }
}

/** The files, but for those that a mount at a directory above them, or on them, hides; and then the mounts. */
export function withShown(files: readonly PlainMount[], mounts: readonly PlainMount[]): readonly PlainMount[] {
  const targets = mounts.map(({ target }) => posix.resolve('/', target));
  const isHidden = (file: string) => targets.some((target) => file === target || file.startsWith(`${target}/`));
  return [...files.filter(({ target }) => !isHidden(target)), ...mounts];
}

/** Of this machine at this moment: it changes when a laptop moves. */
export async function machineResolvConf(network: KindOfNetwork): Promise<string> {
  const [own, upstream] = await Promise.all([textOf('/etc/resolv.conf'), textOf(SYSTEMD_UPSTREAM)]);
  return resolvConf(own ?? '', upstream, network);
}

async function writeWhole(file: string, text: string): Promise<string> {
  await writeFile(`${file}.tmp`, text, { mode: 0o644 });
  await rename(`${file}.tmp`, file);
  return file;
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

function nameservers(text: string): readonly string[] {
  return lines(text).flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}

function isStub(server: string): boolean {
  return server === SYSTEMD_STUB;
}

function isLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1' || server.startsWith('::1%');
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line, index, all) => index < all.length - 1 || line !== '');
}
