import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { RegistryLimits } from './limits.ts';
import type { RegistryOptions } from './registry-options.ts';

/** Keeps connections open between requests: one set that checks certificates, one for insecure registries. */
export class Connections {
  readonly #options: RegistryOptions;
  readonly #limits: Pick<RegistryLimits, 'connect'>;
  #checked: Dispatcher | undefined;
  #unchecked: Dispatcher | undefined;

  constructor(options: RegistryOptions, limits: Pick<RegistryLimits, 'connect'>) {
    this.#options = options;
    this.#limits = limits;
  }

  to(url: URL, checksCertificates: boolean): Dispatcher {
    if (url.protocol === 'https:' && !checksCertificates) {
      this.#unchecked ??= this.#open(false);
      return this.#unchecked;
    }
    this.#checked ??= this.#open(true);
    return this.#checked;
  }

  async close(): Promise<void> {
    await Promise.all([this.#checked?.destroy(), this.#unchecked?.destroy()]);
  }

  #open(checksCertificates: boolean): Dispatcher {
    const { ca, timeoutMs, env } = this.#options;
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
    const httpProxy = env['http_proxy'] ?? env['HTTP_PROXY'] ?? '';
    const httpsProxy = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '';
    if (httpProxy === '' && httpsProxy === '') return new Agent(options);
    // All three are given, or undici would look into the environment of the process.
    const noProxy = ['localhost', '127.0.0.1', '[::1]', env['no_proxy'] ?? env['NO_PROXY'] ?? ''].join(',');
    return new EnvHttpProxyAgent({ ...options, requestTls: tls, httpProxy, httpsProxy, noProxy });
  }
}
