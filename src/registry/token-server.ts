import { z } from 'zod';
import { FailureError } from '../result.ts';
import type { Credentials } from './docker-config.ts';
import { isLoopback } from './endpoint.ts';
import { credentialsWithheld, loginRejected, registryAnswerNotUnderstood, registryDenied } from './failure.ts';
import type { Login } from './login.ts';
import { isWeb } from './redirect.ts';
import type { RegistryResource } from './registry-resource.ts';
import { TransferError } from './transfer-error.ts';

/** Who gives out tokens, and for whom. */
export interface BearerService {
  /** Address of the token server. */
  readonly realm: string;
  readonly service?: string | undefined;
}

/**
 * Whether the parameters of a `Bearer` challenge name an http(s) address to get a token from; a relative or missing
 * realm is no service.
 */
export function isBearerService(
  parameters: Readonly<Record<string, string>>,
): parameters is Readonly<Record<string, string>> & { readonly realm: string; readonly service?: string } {
  const { realm } = parameters;
  return realm !== undefined && URL.canParse(realm) && isWeb(new URL(realm));
}

/** What a token server answered, under either of the names `token` and `access_token`. */
export interface IssuedToken {
  readonly token: string;
  /** Seconds; absent where the server does not say. */
  readonly life?: number | undefined;
}

/** Sends one request and answers with the body of a 200; throws TransferError for another status. */
export type TokenFetch = (
  request: {
    readonly method: 'GET' | 'POST';
    readonly url: URL;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  },
  resource: RegistryResource,
  doing: string,
  signal: AbortSignal,
) => Promise<Uint8Array>;

const Answer = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

const doing = 'get an access token';

/**
 * Gets tokens. With a password or for nobody by GET, with an identity token by POST; where the server does not
 * know the one, by the other. https://distribution.github.io/distribution/spec/auth/token/ and …/auth/oauth/
 */
export class TokenServer {
  readonly #fetch: TokenFetch;
  readonly #clientID: string;
  readonly #mayBePlain: (registry: string) => boolean;

  /** `mayBePlain` says which registries may be spoken to without TLS. */
  constructor(fetch: TokenFetch, clientID: string, mayBePlain: (registry: string) => boolean) {
    this.#fetch = fetch;
    this.#clientID = clientID;
    this.#mayBePlain = mayBePlain;
  }

  async fetch(
    resource: RegistryResource,
    service: BearerService,
    scopes: readonly string[],
    as: { readonly credentials: Credentials; readonly login: Login } | undefined,
    signal: AbortSignal,
  ): Promise<IssuedToken> {
    const credentials = as?.credentials;
    const realm = new URL(service.realm);
    const why = credentials === undefined ? undefined : this.#whyWithheld(resource, realm);
    if (why !== undefined) throw new FailureError(credentialsWithheld(resource, realm.origin, why));
    const byGet = () => this.#get(resource, realm, service, scopes, credentials, signal);
    const byPost = () => this.#post(resource, realm, service, scopes, credentials, signal);
    if (credentials === undefined) return await byGet().catch((error) => denied(resource, error, undefined));
    const [first, second] = credentials.kind === 'identity-token' ? [byPost, byGet] : [byGet, byPost];
    try {
      return await first();
    } catch (error) {
      if (!isStatus(error, 401, 404, 405)) return denied(resource, error, as?.login);
      // The reason that the right way gave says more than that of the other.
      return await second().catch((other) =>
        denied(resource, isStatus(other, 400, 401, 403, 404, 405) ? error : other, as?.login),
      );
    }
  }

  /**
   * A registry may name any https server as the one that gives out its tokens. In the clear a login goes nowhere but to the
   * host of the registry itself, and only where that is spoken to in the clear anyway.
   */
  #whyWithheld({ registry }: RegistryResource, realm: URL): string | undefined {
    if (realm.protocol === 'https:') return undefined;
    if (!this.#mayBePlain(registry)) return 'where it could be read on the way';
    const own = new URL(`http://${registry}`);
    const isSame = own.hostname === realm.hostname || (isLoopback(own.host) && isLoopback(realm.host));
    return isSame ? undefined : 'which is another host and does not use TLS';
  }

  async #get(
    resource: RegistryResource,
    realm: URL,
    { service }: BearerService,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<IssuedToken> {
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const [username, secret] = nameAndSecret(credentials);
    if (username !== '') url.searchParams.set('account', username);
    const basic = Buffer.from(`${username}:${secret}`).toString('base64');
    const headers: Record<string, string> = credentials === undefined ? {} : { authorization: `Basic ${basic}` };
    return tokenIn(resource, await this.#fetch({ method: 'GET', url, headers }, resource, doing, signal));
  }

  async #post(
    resource: RegistryResource,
    url: URL,
    { service }: BearerService,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<IssuedToken> {
    const [username, secret] = nameAndSecret(credentials);
    const form = new URLSearchParams({
      ...(credentials?.kind === 'identity-token'
        ? { grant_type: 'refresh_token', refresh_token: secret }
        : { grant_type: 'password', username, password: secret }),
      client_id: this.#clientID,
      ...(service !== undefined && { service }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from(form.toString());
    return tokenIn(resource, await this.#fetch({ method: 'POST', url, headers, body }, resource, doing, signal));
  }
}

function nameAndSecret(credentials: Credentials | undefined): readonly [username: string, secret: string] {
  if (credentials === undefined) return ['', ''];
  if (credentials.kind === 'password') return [credentials.username, credentials.password];
  return [(credentials.kind === 'identity-token' && credentials.username) || '', credentials.token];
}

function tokenIn(resource: RegistryResource, bytes: Uint8Array): IssuedToken {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    json = undefined;
  }
  const answer = Answer.safeParse(json);
  const token = answer.data?.token || answer.data?.access_token;
  // The answer may hold a secret: its beginning is not shown.
  // What a header cannot hold would end in it, or begin another one.
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new FailureError(registryAnswerNotUnderstood(resource, doing, 'the token server sent no token'));
  }
  const life = answer.data?.expires_in ?? 0;
  return life > 0 ? { token, life } : { token };
}

function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof TransferError && error.status !== undefined && statuses.includes(error.status);
}

/** 401 is about who one is, 403 about what one may do. Some servers say 400 to a wrong refresh token. */
function denied(resource: RegistryResource, error: unknown, login: Login | undefined): never {
  if (!isStatus(error, 400, 401, 403)) throw error;
  const said = `the token server answered with status ${(error as TransferError).status}`;
  const isUnknown = login !== undefined && !isStatus(error, 403);
  const failure = isUnknown ? loginRejected(resource, login) : registryDenied(resource, doing, said, login);
  throw new FailureError(failure, { cause: error });
}
