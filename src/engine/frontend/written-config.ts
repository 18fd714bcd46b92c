import type { ContainerConfig, Healthcheck } from '../../oci/image-config.ts';

/** All that Docker's builders know of; what else a base has in its configuration is not handed on. */
const fields = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'OnBuild',
  'Shell',
] as const satisfies readonly (keyof ContainerConfig)[];

const healthcheckFields = [
  'Test',
  'Interval',
  'Timeout',
  'StartPeriod',
  'StartInterval',
  'Retries',
] as const satisfies readonly (keyof Healthcheck)[];

/** A configuration as an image has it: without fields that are empty, which mean the same as none. */
export function writtenConfig(config: ContainerConfig): ContainerConfig {
  const { Healthcheck: check } = config;
  return { ...filled(config, fields), ...(check ? { Healthcheck: filled(check, healthcheckFields) } : {}) };
}

function filled(table: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => !isEmpty(table[name])).map((name) => [name, table[name]]));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'object') return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}
