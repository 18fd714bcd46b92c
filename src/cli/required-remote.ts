import type { RegistryName } from '../oci/registry-name.ts';
import { FailureError } from '../result.ts';
import { missingOption } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { optionToGive } from './options.ts';

/** The remote registry of a command that turned out to need one: some do only with other options. */
export function requiredRemote(
  invocation: Invocation<'remoteRegistry'>,
  command: string = invocation.command,
): RegistryName {
  const { remoteRegistry } = invocation.options;
  if (remoteRegistry !== undefined) return remoteRegistry;
  throw new FailureError(missingOption(command, optionToGive('remoteRegistry')));
}
