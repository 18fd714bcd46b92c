import { formatRegistry, type RegistryName } from '../../oci/registry-name.ts';
import type { Progress } from '../../progress.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';

/** The part of a registry that holds the images of a project: a host and, before their names, a path. */
export class ProjectRegistry {
  /** `host[:port][/path]`. */
  readonly text: string;
  readonly #name: RegistryName;
  readonly #client: RepositoryClient;

  constructor(name: RegistryName, client: RepositoryClient) {
    this.text = formatRegistry(name);
    this.#name = name;
    this.#client = client;
  }

  repository(image: ImageName): RemoteRepository {
    return this.#client.repository({ registry: this.#name.host, repository: this.repositoryName(image) });
  }

  /** Without the host: `group/project/jq`. */
  repositoryName(image: ImageName): string {
    return this.#name.path === '' ? image : `${this.#name.path}/${image}`;
  }

  /** All tags of an image; none where its repository does not exist. */
  async tags(image: ImageName, signal: AbortSignal): Promise<readonly string[]> {
    const tags: string[] = [];
    for await (const tag of this.repository(image).tags(signal)) tags.push(tag);
    return tags;
  }

  /** Whether a registry answers at all, asked before anything else is done; `registry.ts` says how it fails. */
  async reach(progress: Progress, signal: AbortSignal): Promise<void> {
    const { host } = this.#name;
    await this.#client.reach(host, signal, () =>
      progress.emit({ type: 'notice', message: `waiting for ${host} to answer` }),
    );
  }

  reference(image: ImageName, tag: string): string {
    return `${this.text}/${image}:${tag}`;
  }
}

/** What is asked of a client of registries. */
export interface RepositoryClient {
  reach(registry: string, signal: AbortSignal, onWait?: () => void): Promise<void>;
  repository(resource: { readonly registry: string; readonly repository: string }): RemoteRepository;
}
