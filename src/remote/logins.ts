import { readFile } from 'node:fs/promises';
import type { RemoteSource } from '../dockerfile/remote-source.ts';
import { FailureError } from '../result.ts';
import { loginNotUsable } from './failure.ts';

/** Secrets of a command line by id: absolute paths of files that hold them, or the values themselves. */
type LoginSecrets = Readonly<Record<string, string | { readonly value: string }>>;

/** Whether a secret of this id is for fetching, whatever the steps mount. */
export function isLoginSecret(id: string): boolean {
  return /^(?:HTTP_AUTH_(?:TOKEN|HEADER)_.|GIT_AUTH_(?:TOKEN|HEADER)(?:\..|$))/.test(id);
}

/**
 * How to log in where ADD and named contexts fetch, by secrets under the names that BuildKit has for them. They are part of no key, and
 * are given to nobody but the host that they are for; those without a host in their names to each that has a git repository.
 */
export class Logins {
  readonly #secrets = new Map<string, LoginSecrets[string]>();

  /** For all that is fetched from now on: what a process builds is asked for by one command line. */
  give(secrets: LoginSecrets): void {
    for (const [id, secret] of Object.entries(secrets)) if (isLoginSecret(id)) this.#secrets.set(id, secret);
  }

  /** What stands behind `Authorization:`; undefined without a secret for the source. Throws `login-not-usable`. */
  async headerFor(source: RemoteSource): Promise<string | undefined> {
    const address = source.type === 'http' ? source.url : source.remote;
    if (this.#secrets.size === 0 || !/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
    const { host, hostname } = new URL(address);
    const ids =
      source.type === 'http'
        ? [`HTTP_AUTH_TOKEN_${hostname}`, `HTTP_AUTH_HEADER_${hostname}`]
        : [`GIT_AUTH_HEADER.${host}`, `GIT_AUTH_TOKEN.${host}`, 'GIT_AUTH_HEADER', 'GIT_AUTH_TOKEN'];
    const id = ids.find((one) => this.#secrets.has(one));
    if (id === undefined) return undefined;
    const value = await this.#valueOf(id);
    if (!id.includes('_TOKEN')) return value;
    return source.type === 'http'
      ? `Bearer ${value}`
      : `basic ${Buffer.from(`x-access-token:${value}`).toString('base64')}`;
  }

  /** Without the end of the line that editors put behind it. */
  async #valueOf(id: string): Promise<string> {
    const secret = this.#secrets.get(id)!;
    const bytes = typeof secret === 'string' ? await readFile(secret).catch(() => undefined) : secret.value;
    if (bytes === undefined) throw new FailureError(loginNotUsable(id, 'its file cannot be read'));
    const value = bytes.toString().replace(/\r?\n$/, '');
    if (value === '') throw new FailureError(loginNotUsable(id, 'it is empty'));
    if (!/^[\x20-\x7e]+$/.test(value)) throw new FailureError(loginNotUsable(id, 'no header can hold it'));
    return value;
  }
}
