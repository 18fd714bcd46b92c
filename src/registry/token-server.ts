import { z } from 'zod';
import { FailureError } from '../result.ts';
import type { Credentials } from './docker-config.ts';
import { isLoopback } from './endpoint.ts';
import { credentialsWithheld, loginRejected, registryAnswerNotUnderstood, registryDenied } from './failure.ts';
import type { Login } from './login.ts';
import type { Purpose } from './purpose.ts';
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

/** Leave that is asked for. */
export interface TokenRequest {
  /** What it is about, at the registry and not at the token server. */
  readonly resource: RegistryResource;
  readonly service: BearerService;
  readonly scopes: readonly string[];
  /** Who asks; undefined for nobody. */
  readonly credentials: Credentials | undefined;
}

/** What goes to the token server. */
export interface TokenMessage extends Purpose {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Sends one request and answers with the body of a 200; throws TransferError for another status. */
export type TokenFetch = (message: TokenMessage, signal: AbortSignal) => Promise<Uint8Array>;

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

  /** `login` is what to call the credentials of the request where they are of no use. */
  async fetch(request: TokenRequest, login: Login | undefined, signal: AbortSignal): Promise<IssuedToken> {
    const { resource, service, credentials } = request;
    const realm = new URL(service.realm);
    const why = credentials === undefined ? undefined : this.#whyWithheld(resource, realm);
    if (why !== undefined) throw new FailureError(credentialsWithheld(resource, realm.origin, why));
    const byGet = () => this.#get(request, signal);
    const byPost = () => this.#post(request, signal);
    if (credentials === undefined) return await byGet().catch((error) => denied(resource, error, undefined));
    const [first, second] = credentials.kind === 'identity-token' ? [byPost, byGet] : [byGet, byPost];
    try {
      return await first();
    } catch (error) {
      if (!isStatus(error, 401, 404, 405)) return denied(resource, error, login);
      // The reason that the right way gave says more than that of the other.
      return await second().catch((other) =>
        denied(resource, isStatus(other, 400, 401, 403, 404, 405) ? error : other, login),
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

  async #get({ resource, service, scopes, credentials }: TokenRequest, signal: AbortSignal): Promise<IssuedToken> {
    const url = new URL(service.realm);
    if (service.service !== undefined) url.searchParams.set('service', service.service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const [username, secret] = nameAndSecret(credentials);
    if (username !== '') url.searchParams.set('account', username);
    const basic = Buffer.from(`${username}:${secret}`).toString('base64');
    const headers: Record<string, string> = credentials === undefined ? {} : { authorization: `Basic ${basic}` };
    return tokenIn(resource, await this.#fetch({ resource, doing, method: 'GET', url, headers }, signal));
  }

  async #post({ resource, service, scopes, credentials }: TokenRequest, signal: AbortSignal): Promise<IssuedToken> {
    const [username, secret] = nameAndSecret(credentials);
    const form = new URLSearchParams({
      ...(credentials?.kind === 'identity-token'
        ? { grant_type: 'refresh_token', refresh_token: secret }
        : { grant_type: 'password', username, password: secret }),
      client_id: this.#clientID,
      ...(service.service !== undefined && { service: service.service }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const message = {
      method: 'POST',
      url: new URL(service.realm),
      headers,
      body: Buffer.from(form.toString()),
    } as const;
    return tokenIn(resource, await this.#fetch({ resource, doing, ...message }, signal));
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
    throw new FailureError(registryAnswerNotUnderstood({ resource, doing }, 'the token server sent no token'));
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
  const failure = isUnknown ? loginRejected(resource, login) : registryDenied({ resource, doing }, login, said);
  throw new FailureError(failure, { cause: error });
}
