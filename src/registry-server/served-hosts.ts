import { BlockList, isIP, isIPv6 } from 'node:net';
import { RegistryError } from './errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** For addresses, not names: 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * The names under which requests are answered. A page in a browser can have its own name lead to this machine, and then
 * reads and writes here as if it came from it; the `Host` it sends still is its own name. This machine's own names are always
 * fine; where other machines are allowed, so is any address, since a page cannot have one for its name and be elsewhere.
 */
export class ServedHosts {
  readonly #names: ReadonlySet<string>;
  readonly #allowRemote: boolean;

  /** `names` without ports, such as the one that is listened on. */
  constructor(names: readonly string[], allowRemote: boolean) {
    this.#names = new Set(names.map(plain));
    this.#allowRemote = allowRemote;
  }

  /** Throws RegistryError 421 for a `Host` of somebody else, 400 for one that is none. */
  check(host: string | undefined): void {
    const name = host === undefined ? undefined : hostname(host);
    if (name === undefined) throw new RegistryError('DENIED', 'the Host header is no name', { status: 400 });
    if (this.#serves(name)) return;
    throw new RegistryError('DENIED', `not served under the name ${name}; start it with --allowed-host ${name}`, {
      status: 421,
    });
  }

  #serves(name: string): boolean {
    if (this.#names.has(name) || name === 'localhost' || name.endsWith('.localhost')) return true;
    return isIP(name) !== 0 && (this.#allowRemote || isLoopbackAddress(name));
  }
}

/** Of `name`, `name:port`, `[address]:port`, in lower case and without brackets; undefined for anything else. */
function hostname(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host.trim());
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : plain(name);
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
