import { KnownBlobs } from './known-blobs.ts';
import { listNames } from './pages.ts';
import { probe } from './probe.ts';
import type { RegistryOptions } from './registry-options.ts';
import { RemoteRepository } from './remote-repository.ts';
import { Transport } from './transport.ts';

/**
 * A client of any number of registries: connections, tokens, and what is known of them, are shared by all
 * repositories that come from it. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export class RegistryClient implements AsyncDisposable {
  readonly #options: RegistryOptions;
  readonly #transport: Transport;
  readonly #known = new KnownBlobs();
  readonly #habits = { refusesChunks: new Set<string>(), refusesLength: new Set<string>() };
  readonly #repositories = new Map<string, RemoteRepository>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#transport = new Transport(options);
  }

  /** The repository of a reference, which may have a tag and a digest besides. Asks nobody yet. */
  repository({ registry, repository }: { readonly registry: string; readonly repository: string }): RemoteRepository {
    const key = `${registry}/${repository}`;
    let remote = this.#repositories.get(key);
    if (remote === undefined) {
      const target = { resource: { registry, repository }, transport: this.#transport };
      remote = new RemoteRepository({ ...target, options: this.#options, habits: this.#habits }, this.#known);
      this.#repositories.set(key, remote);
    }
    return remote;
  }

  /**
   * Resolves when a registry answers, whoever it may want to hear from; rejects with the FailureError that says what does
   * instead, `not-a-registry` among others, within limits.ts's time. `onWait` is called once if that takes a while.
   */
  async reach(registry: string, signal: AbortSignal, onWait?: () => void): Promise<void> {
    await probe(this.#transport, registry, { signal, onWait });
  }

  /** Resolves when a registry answers and accepts our login; rejects with the FailureError that says why it does not. */
  async ping(registry: string, signal: AbortSignal): Promise<void> {
    await this.reach(registry, signal);
    const resource = { registry };
    await this.#transport.send(
      { method: 'GET', resource, doing: 'log in', at: '', scopes: [], accept: [200] },
      async () => {},
      signal,
    );
  }

  /**
   * Names of the repositories that a registry has, in its order. Many have no such list for everybody.
   * https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#catalog
   */
  repositories(registry: string, signal: AbortSignal): AsyncIterable<string> {
    const list = { at: '_catalog?n=1000', field: 'repositories', what: 'list of repositories', none: [] };
    const request = { resource: { registry }, doing: 'list repositories', scopes: ['registry:catalog:*'] as const };
    return listNames({ ...list, ...request }, this.#transport, signal);
  }

  /** Ends connections and what is under way on them. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
