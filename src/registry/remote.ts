import type { RegistryResource } from './registry-resource.ts';
import type { Transport } from './transport.ts';

/** A repository of a registry, and the way to it. */
export interface Remote {
  readonly resource: Required<RegistryResource>;
  readonly transport: Transport;
}
