import { readFile } from 'node:fs/promises';
import { FailureError } from '../result.ts';
import { runCredentialHelper } from './credential-helper.ts';
import { type Credentials, type DockerConfig, helperFor, inAuths, parseDockerConfig } from './docker-config.ts';
import { dockerConfigInvalid } from './failure.ts';
import type { Login } from './login.ts';
import type { RegistryOptions } from './registry-options.ts';
import type { RegistryResource } from './registry-resource.ts';
import { waitFor } from './wait-for.ts';

interface Found {
  readonly credentials: Credentials;
  readonly from: string;
  readonly isRenewable: boolean;
}

/**
 * Who to be, for each resource. In this order: CIP_REGISTRY_TOKEN_<HOST>; the entry of `auths` with the longest
 * path that leads to the repository; the helper of the host; the helper for all; what a job of GitLab is given for the registry of
 * its project. undefined is anonymous.
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

  async find(resource: RegistryResource, signal: AbortSignal): Promise<Credentials | undefined> {
    return (await waitFor(this.#find(resource), signal))?.credentials;
  }

  /** What `find` would use; only after it has, so that nobody is asked anew. */
  async login(resource: RegistryResource): Promise<Login | undefined> {
    const found = await this.#find(resource).catch(() => undefined);
    if (found === undefined) return undefined;
    const { credentials, from, isRenewable } = found;
    const user = credentials.kind === 'registry-token' ? undefined : credentials.username;
    return { user: user || undefined, from, isRenewable, isToken: credentials.kind === 'registry-token' };
  }

  async #find(resource: RegistryResource): Promise<Found | undefined> {
    return (await this.#asSet(resource)) ?? ofGitLabJob(resource.registry, this.#env);
  }

  async #asSet(resource: RegistryResource): Promise<Found | undefined> {
    const fromEnv = fromEnvironment(resource.registry, this.#env);
    if (fromEnv !== undefined) {
      return { credentials: fromEnv, from: variableFor(resource.registry), isRenewable: false };
    }
    if (this.#path === undefined) return undefined;

    this.#config ??= readConfig(this.#path);
    const config = await this.#config;
    const written = inAuths(config, resource);
    if (written !== undefined) return { credentials: written, from: this.#shown(this.#path), isRenewable: true };
    const helper = helperFor(config, resource.registry);
    if (helper === undefined) return undefined;
    const credentials = await this.#askHelper(helper, resource.registry);
    return credentials && { credentials, from: `docker-credential-${helper}`, isRenewable: true };
  }

  /** As people write it. */
  #shown(path: string): string {
    const home = this.#env['HOME'];
    return home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
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
  const value = env[variableFor(registry)];
  if (value === undefined || value === '') return undefined;
  const colon = value.indexOf(':');
  if (colon === -1) return { kind: 'registry-token', token: value };
  return { kind: 'password', username: value.slice(0, colon), password: value.slice(colon + 1) };
}

/** https://docs.gitlab.com/ci/variables/predefined_variables/ */
function ofGitLabJob(
  registry: string,
  { CI_REGISTRY: host, CI_REGISTRY_USER: username, CI_REGISTRY_PASSWORD: password }: RegistryOptions['env'],
): Found | undefined {
  if (host !== registry || !username || !password) return undefined;
  return { credentials: { kind: 'password', username, password }, from: 'CI_REGISTRY_PASSWORD', isRenewable: false };
}

function variableFor(registry: string): string {
  return `CIP_REGISTRY_TOKEN_${registry.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
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
