/** What a request is about, named as in references: by the registry's name and not by the address of its API. */
export interface RegistryResource {
  /** `host[:port]`, such as `docker.io`. */
  readonly registry: string;
  /** Absent for what concerns the registry as a whole. */
  readonly repository?: string | undefined;
}

/** `localhost:5000/base`, for messages. */
export function formatResource({ registry, repository }: RegistryResource): string {
  return repository === undefined ? registry : `${registry}/${repository}`;
}
