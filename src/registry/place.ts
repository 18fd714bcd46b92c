/** Where a request goes, in the words of references: the registry's name and not the address of its API. */
export interface Place {
  /** `host[:port]`, such as `docker.io`. */
  readonly registry: string;
  /** Absent for what concerns the registry as a whole. */
  readonly repository?: string | undefined;
}

/** `localhost:5000/base`, for messages. */
export function placeName({ registry, repository }: Place): string {
  return repository === undefined ? registry : `${registry}/${repository}`;
}
