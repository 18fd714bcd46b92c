import type { RegistryResource } from './registry-resource.ts';

/** Whom a request is for, and why: what every failure of it begins with. */
export interface Purpose {
  readonly resource: RegistryResource;
  /** Completes "failed to …": `read the manifest 1.2`. */
  readonly doing: string;
}
