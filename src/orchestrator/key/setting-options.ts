/** What all steps have that no instruction says, as far as keys know it; `BuildRequest` has all of it. */
export interface KeyedSettings {
  readonly hostname?: string | undefined;
  readonly hosts?: readonly { readonly name: string }[] | undefined;
  readonly network?: 'none' | 'host' | 'default' | undefined;
  readonly shmSize?: number | undefined;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[] | undefined;
}

/**
 * The options that keys count, as those of steps do (ADR 0037): where a host is may change, as what a name server says.
 */
export function settingOptions(settings: KeyedSettings): Readonly<Record<string, string>> {
  const { hostname, hosts = [], network, shmSize, ulimits = [] } = settings;
  return Object.fromEntries([
    ...(hostname === undefined ? [] : [['--hostname', hostname]]),
    ...hosts.map(({ name }) => [`--add-host ${name}`, '']),
    ...(network === undefined || network === 'default' ? [] : [['--network', network]]),
    ...(shmSize === undefined ? [] : [['--shm-size', String(shmSize)]]),
    ...ulimits.map(({ name, soft, hard }) => [`--ulimit ${name}`, `${soft}:${hard}`]),
  ]);
}
