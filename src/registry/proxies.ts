import { BlockList, isIP } from 'node:net';
import { FailureError } from '../result.ts';
import { isLoopback } from './endpoint.ts';
import { proxyInvalid } from './failure.ts';
import type { RegistryOptions } from './registry-options.ts';

/** Where requests go instead of to their server, and the variable that says so. */
export interface ProxyAddress {
  readonly variable: string;
  readonly url: URL;
}

/**
 * The proxies of the environment: `https_proxy` for https, `http_proxy` for http and where there is no other, none for this
 * machine and what NO_PROXY names. In lower or upper case; lower case counts first.
 */
export class Proxies {
  readonly #env: RegistryOptions['env'];

  constructor({ env }: Pick<RegistryOptions, 'env'>) {
    this.#env = env;
  }

  /** Undefined where the request goes to the server itself. Throws FailureError: `proxy-invalid`. */
  for({ protocol, hostname, host, port }: URL): ProxyAddress | undefined {
    const found = (protocol === 'https:' ? this.#variable('https_proxy') : undefined) ?? this.#variable('http_proxy');
    if (found === undefined || isLoopback(host) || this.#isExcepted(hostname, port || defaultPorts[protocol] || '')) {
      return undefined;
    }
    const url = proxyAddress(found.value);
    if (url === undefined) throw new FailureError(proxyInvalid(found.variable, found.value));
    return { variable: found.variable, url };
  }

  #variable(name: string): { readonly variable: string; readonly value: string } | undefined {
    for (const variable of [name, name.toUpperCase()]) {
      const value = this.#env[variable]?.trim();
      if (value) return { variable, value };
    }
    return undefined;
  }

  #isExcepted(hostname: string, port: string): boolean {
    const entries = this.#variable('no_proxy')?.value.split(/[,\s]+/) ?? [];
    return entries.some((entry) => entry === '*' || (entry !== '' && isMeant(entry.toLowerCase(), hostname, port)));
  }
}

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** With or without a scheme, as other programs take it; undefined for what is no address of a proxy. */
function proxyAddress(value: string): URL | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** `entry`: a name, which means those below it too, an address or a network (`10.0.0.0/8`); a port may follow but for networks. */
function isMeant(entry: string, hostname: string, port: string): boolean {
  const address = bare(hostname);
  const network = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (network) return isInNetwork(address, bare(network[1]!), Number(network[2]));
  const withPort = isIP(entry) === 6 ? null : /^(.+):(\d+)$/.exec(entry);
  if (withPort && withPort[2] !== port) return false;
  const name = bare(withPort?.[1] ?? entry).replace(/^\*?\./, '');
  return address === name || (isIP(address) === 0 && address.endsWith(`.${name}`));
}

function isInNetwork(address: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (family === 0 || family !== isIP(address) || bits > (family === 6 ? 128 : 32)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(address, type);
}

/** Addresses of IPv6 have brackets in URLs. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
