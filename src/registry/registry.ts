import { startOf } from '../oci/parse-document.ts';
import { FailureError } from '../result.ts';
import { apiHost } from './endpoint.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import { KnownBlobs } from './known-blobs.ts';
import type { RegistryOptions } from './registry-options.ts';
import { RemoteRepository } from './remote-repository.ts';
import { readUpTo } from './response.ts';
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
      const upload = { options: this.#options, habits: this.#habits };
      remote = new RemoteRepository(this.#transport, { registry, repository }, this.#known, upload);
      this.#repositories.set(key, remote);
    }
    return remote;
  }

  /** Succeeds if a registry answers and lets us in; throws the FailureError that says why it does not. */
  async ping(registry: string, signal: AbortSignal): Promise<void> {
    const place = { registry };
    const doing = 'log in';
    await this.#transport.send(
      { method: 'GET', place, doing, at: '', scopes: [], accept: [200] },
      async (response) => {
        const { headers } = response;
        if (headers['docker-distribution-api-version'] !== undefined) return;
        const start = await readUpTo(response, 512);
        // The specification asks for no body; what is there is JSON in all registries.
        if (start.length === 0 || start.toString('utf8').trimStart().startsWith('{')) return;
        const wrong = `${apiHost(registry)}/v2/ is no registry's`;
        throw new FailureError(registryAnswerNotUnderstood(place, doing, wrong, startOf(start)));
      },
      signal,
    );
  }

  /** Ends connections and what is under way on them. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
