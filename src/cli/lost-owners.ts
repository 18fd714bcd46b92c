import type { RegistryName } from '../oci/registry-name.ts';
import type { Invocation } from './invocation.ts';

/**
 * What a publish does about content whose owners were lost (ADR 0025). A remote registry is for machines that have users; one
 * that is the local registry as well is for this machine, whatever it has.
 */
export function lostOwnersIn(
  { host }: RegistryName,
  { options }: Invocation<'localRegistry' | 'allowLostOwners'>,
): 'refuse' | 'allow' {
  return options.allowLostOwners || host === options.localRegistry.host ? 'allow' : 'refuse';
}
