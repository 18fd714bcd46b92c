import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { RegistryLimits } from './limits.ts';
import { Proxies, type ProxyAddress } from './proxies.ts';
import type { RegistryOptions } from './registry-options.ts';

/** Keeps connections open between requests: sets that check certificates and for insecure registries, for each proxy and without. */
export class Connections {
  readonly #options: RegistryOptions;
  readonly #limits: Pick<RegistryLimits, 'connect'>;
  readonly #proxies: Proxies;
  readonly #open = new Map<string, Dispatcher>();

  constructor(options: RegistryOptions, limits: Pick<RegistryLimits, 'connect'>) {
    this.#options = options;
    this.#limits = limits;
    this.#proxies = new Proxies(options);
  }

  /** Throws FailureError: `proxy-invalid`. */
  to(url: URL, checksCertificates: boolean): Dispatcher {
    const proxy = this.#proxies.for(url);
    const checks = checksCertificates || url.protocol !== 'https:';
    const key = `${checks} ${proxy?.url.href ?? ''}`;
    const open = this.#open.get(key) ?? this.#dispatcher(checks, proxy);
    this.#open.set(key, open);
    return open;
  }

  /** Through which a request goes. */
  proxyFor(url: URL): ProxyAddress | undefined {
    return this.#proxies.for(url);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcher(checksCertificates: boolean, proxy: ProxyAddress | undefined): Dispatcher {
    const { ca, timeoutMs } = this.#options;
    const tls = {
      rejectUnauthorized: checksCertificates,
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
    };
    const options = {
      connect: { ...tls, timeout: Math.min(timeoutMs, this.#limits.connect) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      keepAliveTimeout: 30_000,
    };
    return proxy ? new ProxyAgent({ ...options, requestTls: tls, uri: proxy.url.href }) : new Agent(options);
  }
}
