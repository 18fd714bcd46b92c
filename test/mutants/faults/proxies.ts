import type { Fault } from '../fault.ts';

const proxies = ['test/registry/proxies.test.ts'];
const hosts = ['test/registry/other-hosts.test.ts'];

/** Proxies of the environment, and hosts that registries send requests to. */
export const faults: readonly Fault[] = [
  {
    name: 'a registry of this machine is asked through the proxy',
    file: 'src/registry/proxies.ts',
    find: 'isLoopback(host) || ',
    replace: '',
    tests: proxies,
  },
  {
    name: 'a star in NO_PROXY is a name',
    file: 'src/registry/proxies.ts',
    find: "entry === '*' || ",
    replace: '',
    tests: proxies,
  },
  {
    name: 'upper case counts before lower case',
    file: 'src/registry/proxies.ts',
    find: '[name, name.toUpperCase()]',
    replace: '[name.toUpperCase(), name]',
    tests: proxies,
  },
  {
    name: 'a name in NO_PROXY is each that ends like it',
    file: 'src/registry/proxies.ts',
    find: 'address.endsWith(`.${name}`)',
    replace: 'address.endsWith(name)',
    tests: proxies,
  },
  {
    name: 'the end of an address is one in NO_PROXY',
    file: 'src/registry/proxies.ts',
    find: '(isIP(address) === 0 && ',
    replace: '(isIP(address) >= 0 && ',
    tests: proxies,
  },
  {
    name: 'a port in NO_PROXY is any',
    file: 'src/registry/proxies.ts',
    find: 'if (withPort && withPort[2] !== port) return false;',
    replace: '',
    tests: proxies,
  },
  {
    name: 'a proxy without a scheme is no address',
    file: 'src/registry/proxies.ts',
    find: '? value : `http://${value}`',
    replace: '? value : value',
    tests: proxies,
  },
  {
    name: 'a proxy that is no address is none',
    file: 'src/registry/proxies.ts',
    find: 'if (url === undefined) throw new FailureError(proxyInvalid(found.variable, found.value));',
    replace: 'if (url === undefined) return undefined;',
    tests: proxies,
  },
  {
    name: 'the password of a proxy is shown',
    file: 'src/registry/failure.ts',
    find: "value.replace(/^.*@/s, '…@')",
    replace: 'value',
    tests: proxies,
  },
  {
    name: 'where a registry sends requests, it is itself',
    file: 'src/registry/sender.ts',
    find: 'otherHost: isAtHome(url, registry) ? undefined : url.host,',
    replace: 'otherHost: undefined,',
    tests: hosts,
  },
  {
    name: 'a proxy that is not there is the registry',
    file: 'src/registry/sender.ts',
    find: 'proxy: this.#connections.proxyFor(url),',
    replace: 'proxy: undefined,',
    tests: hosts,
  },
  {
    name: 'what a code means stands before what the registry says',
    file: 'src/registry/failure.ts',
    find: 'answer.said ? `${JSON.stringify(answer.said)} (${ours})` : ours',
    replace: 'answer.said ? `${ours}, ${answer.said}` : ours',
    tests: hosts,
  },
];
