import { z } from 'zod';
import { failed, ok, type Result } from '../result.ts';
import { dockerConfigInvalid } from './failure.ts';
import { formatResource, type RegistryResource } from './registry-resource.ts';

/** A way to show who one is. Never printed. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** To be exchanged for access tokens (OAuth2 refresh token). */
  | { readonly kind: 'identity-token'; readonly token: string; readonly username?: string | undefined }
  /** To be sent to the registry as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

const AuthEntry = z.looseObject({
  /** base64 of `user:password`. */
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
type AuthEntry = z.infer<typeof AuthEntry>;

/** What is read of Docker's config.json. https://github.com/docker/cli/blob/v27.5.1/cli/config/configfile/file.go */
const DockerConfig = z.looseObject({
  auths: z.record(z.string(), AuthEntry).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
/** The entries of Docker's config.json that concern credentials; unknown ones are kept and never looked at. */
export type DockerConfig = z.infer<typeof DockerConfig>;

/**
 * `path` is only for messages. Fails with `docker-config-invalid` for what is not JSON and for entries of a wrong type.
 */
export function parseDockerConfig(
  text: string,
  path: string,
): Result<DockerConfig, readonly [ReturnType<typeof dockerConfigInvalid>]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed([dockerConfigInvalid(path, 'it is not JSON')]);
  }
  const config = DockerConfig.safeParse(json);
  if (config.success) return ok(config.data);
  const { path: where, message } = config.error.issues[0]!;
  return failed([dockerConfigInvalid(path, `${where.slice(0, 2).join('.') || 'it'}: ${message}`)]);
}

/** Names under which Docker Hub's credentials are kept; the first is what `docker login` writes. */
const hubNames = ['index.docker.io', 'docker.io', 'registry-1.docker.io'];

/**
 * The entry of `auths` with the longest path that leads to the resource, such as `host/group` for `host/group/app`.
 * Entries that say nothing, which `docker login` leaves beside a helper, do not count.
 */
export function inAuths(config: DockerConfig, resource: RegistryResource): Credentials | undefined {
  let best: { readonly length: number; readonly credentials: Credentials } | undefined;
  for (const [key, entry] of Object.entries(config.auths ?? {})) {
    const name = bareName(key);
    const credentials = leadsTo(name, resource) ? credentialsIn(entry) : undefined;
    if (credentials !== undefined && name.length > (best?.length ?? -1)) best = { length: name.length, credentials };
  }
  return best?.credentials;
}

/** Suffix of the program `docker-credential-<suffix>`; undefined if none is responsible. */
export function helperFor(config: DockerConfig, registry: string): string | undefined {
  const entries = Object.entries(config.credHelpers ?? {});
  const own = entries.find(([key]) => leadsTo(bareName(key), { registry }))?.[1];
  return own || config.credsStore || undefined;
}

/** Keys are written as `host`, `host/path`, and as addresses of the API's versions. */
function bareName(key: string): string {
  const name = key
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
  const slash = name.indexOf('/');
  const [host, path] = slash === -1 ? [name, ''] : [name.slice(0, slash), name.slice(slash)];
  return `${hubNames.includes(host) ? 'docker.io' : host.toLowerCase()}${path}`;
}

function leadsTo(name: string, resource: RegistryResource): boolean {
  const full = formatResource({ ...resource, registry: resource.registry.toLowerCase() });
  return full === name || full.startsWith(`${name}/`);
}

function credentialsIn(entry: AuthEntry): Credentials | undefined {
  const [username, password] = userAndPassword(entry);
  if (entry.registrytoken) return { kind: 'registry-token', token: entry.registrytoken };
  if (entry.identitytoken)
    return { kind: 'identity-token', token: entry.identitytoken, username: username || undefined };
  return username === '' && password === '' ? undefined : { kind: 'password', username, password };
}

function userAndPassword(entry: AuthEntry): readonly [username: string, password: string] {
  if (!entry.auth) return [entry.username ?? '', entry.password ?? ''];
  const text = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // Some versions of Docker pad the password with zero bytes.
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')];
}
