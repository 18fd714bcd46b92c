import type { BuildRequest } from '../builder.ts';
import type { OptionValues } from './options.ts';

/** The options that all RUN steps of an image have in common. */
export type StepOption = 'addHost' | 'hostname' | 'network' | 'shmSize' | 'ulimit';

/** What they say; nothing of what was not given, so that keys of the cache stay as they are. */
export function settingsOf({ addHost, hostname, network, shmSize, ulimit }: OptionValues<StepOption>) {
  return {
    ...(hostname !== undefined && { hostname }),
    ...(addHost.length > 0 && { hosts: addHost }),
    ...(network !== 'default' && { network }),
    ...(shmSize !== undefined && { shmSize }),
    ...(ulimit.length > 0 && { ulimits: ulimit }),
  } satisfies BuildRequest['settings'];
}
