import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RegistryOptions } from '../registry/registry-options.ts';
import { FailureError } from '../result.ts';
import { registryCaNotReadable } from './failure.ts';
import type { OptionValues } from './options.ts';
import { type Surroundings, versionOfCip } from './surroundings.ts';

type Environment = Surroundings['env'];

/** `$CIP_STORE`, else `$XDG_DATA_HOME/cip`, else `~/.local/share/cip`. Absolute. */
export function storeDirectory(env: Environment, cwd: string): string {
  if (env['CIP_STORE']) return resolve(cwd, env['CIP_STORE']);
  return resolve(cwd, env['XDG_DATA_HOME'] || join(home(env), '.local', 'share'), 'cip');
}

/** What clients of registries are made from; throws where the certificates to trust cannot be read. */
export function registryOptions(
  options: Partial<OptionValues<'insecureRegistry' | 'registryCa'>>,
  { env, cwd }: Surroundings,
): RegistryOptions {
  return {
    dockerConfig: dockerConfigFile(env, cwd),
    insecureRegistries: options.insecureRegistry ?? [],
    ...(options.registryCa !== undefined && { ca: readCertificates(resolve(cwd, options.registryCa)) }),
    retries: 4,
    timeoutMs: 30_000,
    userAgent: `cip/${versionOfCip()}`,
    env,
  };
}

/** Docker's `config.json`, or the file of the same form that podman and skopeo share, where that is named. */
function dockerConfigFile(env: Environment, cwd: string): string {
  if (env['REGISTRY_AUTH_FILE']) return resolve(cwd, env['REGISTRY_AUTH_FILE']);
  return resolve(cwd, env['DOCKER_CONFIG'] || join(home(env), '.docker'), 'config.json');
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FailureError(registryCaNotReadable(file), { cause });
  }
}

function home(env: Environment): string {
  return env['HOME'] || homedir();
}
