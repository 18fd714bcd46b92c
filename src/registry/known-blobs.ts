import type { Digest } from '../oci/digest.ts';
import type { RegistryResource } from './registry-resource.ts';

/** Which repository of a registry was last seen to have a blob, so that others can take it from there. */
export class KnownBlobs {
  readonly #repositories = new Map<string, string>();
  readonly #limit: number;

  /** Of more than `limit` blobs, those that were noted first are forgotten. */
  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  add(registry: string, digest: Digest, repository: string): void {
    const key = `${registry} ${digest}`;
    this.#repositories.delete(key);
    this.#repositories.set(key, repository);
    if (this.#repositories.size <= this.#limit) return;
    const [oldest] = this.#repositories.keys();
    this.#repositories.delete(oldest!);
  }

  /** Another repository than that of `resource` in the same registry. */
  repositoryOf({ registry, repository }: Required<RegistryResource>, digest: Digest): string | undefined {
    const known = this.#repositories.get(`${registry} ${digest}`);
    return known === repository ? undefined : known;
  }
}
