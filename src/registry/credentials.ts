import { readFile } from 'node:fs/promises';
import { FailureError } from '../result.ts';
import { runCredentialHelper } from './credential-helper.ts';
import { type Credentials, type DockerConfig, helperFor, inAuths, parseDockerConfig } from './docker-config.ts';
import { dockerConfigInvalid } from './failure.ts';
import type { Place } from './place.ts';
import type { RegistryOptions } from './registry-options.ts';

/**
 * Who to be, for each place. In this order: CIP_REGISTRY_TOKEN_<HOST>; the entry of `auths` with the longest
 * path that leads to the repository; the helper of the host; the helper for all. undefined is anonymous.
 */
export class CredentialStore {
  readonly #path: string | undefined;
  readonly #env: RegistryOptions['env'];
  #config: Promise<DockerConfig> | undefined;
  readonly #fromHelpers = new Map<string, Promise<Credentials | undefined>>();

  constructor({ dockerConfig, env }: Pick<RegistryOptions, 'dockerConfig' | 'env'>) {
    this.#path = dockerConfig;
    this.#env = env;
  }

  async find(place: Place): Promise<Credentials | undefined> {
    const fromEnv = fromEnvironment(place.registry, this.#env);
    if (fromEnv !== undefined) return fromEnv;
    if (this.#path === undefined) return undefined;

    this.#config ??= readConfig(this.#path);
    const config = await this.#config;
    const written = inAuths(config, place);
    if (written !== undefined) return written;
    const helper = helperFor(config, place.registry);
    return helper === undefined ? undefined : await this.#askHelper(helper, place.registry);
  }

  /** Helpers may ask a person or a cloud: each is run once for each registry. */
  #askHelper(helper: string, registry: string): Promise<Credentials | undefined> {
    const key = `${helper} ${registry}`;
    let answer = this.#fromHelpers.get(key);
    if (answer === undefined) {
      answer = runCredentialHelper(helper, registry, this.#env);
      this.#fromHelpers.set(key, answer);
    }
    return answer;
  }
}

/** `CIP_REGISTRY_TOKEN_REGISTRY_EXAMPLE_COM` holds a token, or `user:password`. */
function fromEnvironment(registry: string, env: RegistryOptions['env']): Credentials | undefined {
  const value = env[`CIP_REGISTRY_TOKEN_${registry.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`];
  if (value === undefined || value === '') return undefined;
  const colon = value.indexOf(':');
  if (colon === -1) return { kind: 'registry-token', token: value };
  return { kind: 'password', username: value.slice(0, colon), password: value.slice(colon + 1) };
}

async function readConfig(path: string): Promise<DockerConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new FailureError(dockerConfigInvalid(path, message), { cause: error });
  }
  const config = parseDockerConfig(text, path);
  if (!config.ok) throw new FailureError(config.failure[0]);
  return config.value;
}
