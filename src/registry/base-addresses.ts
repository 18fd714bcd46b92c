import type { Deadline } from './deadline.ts';
import { apiHost, isLoopback, type PlainAnswer, wantsTls } from './endpoint.ts';
import { networkErrorCode } from './network-error.ts';
import type { RegistryOptions } from './registry-options.ts';
import type { RegistryResource } from './registry-resource.ts';
import { type RegistryResponse, readUpTo } from './response.ts';
import type { Sender } from './sender.ts';
import { TransferError } from './transfer-error.ts';

const doing = 'find its address';

/** Where the registries' APIs are: `https://host/v2/` or `http://…`, found out once for each. */
export class BaseAddresses {
  readonly #sender: Sender;
  readonly #insecureRegistries: RegistryOptions['insecureRegistries'];
  readonly #known = new Map<string, URL>();

  constructor(sender: Sender, { insecureRegistries }: Pick<RegistryOptions, 'insecureRegistries'>) {
    this.#sender = sender;
    this.#insecureRegistries = insecureRegistries;
  }

  async of(resource: RegistryResource, deadline: Deadline): Promise<URL> {
    const { registry } = resource;
    const known = this.#known.get(registry);
    if (known !== undefined) return known;
    const secure = new URL(`https://${apiHost(registry)}/v2/`);
    if (!this.mayBePlain(registry)) return secure;

    const plain = new URL(`http://${registry}/v2/`);
    const answer = await this.#askInPlain(resource, plain, deadline);
    const base = wantsTls(answer) && (await this.#speaksTls(resource, secure, deadline)) ? secure : plain;
    if (!('error' in answer) || base === secure) this.#known.set(registry, base);
    return base;
  }

  /** Whether a registry may be spoken to without TLS: this machine itself, and what the user says. */
  mayBePlain(registry: string): boolean {
    return isLoopback(registry) || this.#insecureRegistries.includes(registry);
  }

  async #askInPlain(resource: RegistryResource, url: URL, deadline: Deadline): Promise<PlainAnswer> {
    try {
      const response = await this.#sender.send({ resource, doing, method: 'GET', url, headers: {} }, deadline);
      const { status, headers } = response;
      if (status === 400) return { status, location: undefined, start: await startOf(response) };
      await response.discard(this.#sender.limits.drain);
      return { status, location: headers['location'], start: '' };
    } catch (error) {
      // One that lets itself be waited for would let the next request wait as well.
      if (deadline.signal.aborted || !(error instanceof TransferError) || error.mostRetries <= 1) throw error;
      return { error: networkErrorCode(error.cause) };
    }
  }

  /** Errors of certificates count as TLS: they are to be told, not to be hidden behind http. */
  async #speaksTls(resource: RegistryResource, url: URL, deadline: Deadline): Promise<boolean> {
    try {
      const response = await this.#sender.send({ resource, doing, method: 'GET', url, headers: {} }, deadline);
      await response.discard(this.#sender.limits.drain);
      return true;
    } catch (error) {
      if (deadline.signal.aborted || !(error instanceof TransferError)) throw error;
      return error.failure.reason === 'registry-tls-failed' && !error.isPlainText;
    }
  }
}

async function startOf(response: RegistryResponse): Promise<string> {
  return (await readUpTo(response, 4096)).toString('utf8');
}
