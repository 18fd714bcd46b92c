import { type Failure, FailureError } from '../result.ts';
import type { Challenge } from './challenge.ts';
import type { CredentialStore } from './credentials.ts';
import type { Credentials } from './docker-config.ts';
import { loginRejected, registryAnswerNotUnderstood, registryDenied } from './failure.ts';
import type { Purpose } from './purpose.ts';
import type { RegistryOptions } from './registry-options.ts';
import type { RegistryResource } from './registry-resource.ts';
import { type BearerService, isBearerService, type TokenRequest, type TokenServer } from './token-server.ts';
import { waitFor } from './wait-for.ts';

/** What a request needs leave for: `repository:base:pull,push`. */
export type Scope = string;

/** Leave to do these things in a repository. https://distribution.github.io/distribution/spec/auth/scope/ */
export function scopeOf(repository: string, actions: 'pull' | 'pull,push' | 'delete'): Scope {
  return `repository:${repository}:${actions}`;
}

/** A request, and the leave that it takes. */
export interface ScopedRequest extends Purpose {
  readonly scopes: readonly Scope[];
}

/** A 401. */
export interface Rejection {
  readonly challenges: readonly Challenge[];
  /** The `Authorization` that was rejected; undefined where none was sent. */
  readonly sent: string | undefined;
}

/** How a registry wants to be approached, as it said when it refused a request. */
type Approach = { readonly scheme: 'basic' } | ({ readonly scheme: 'bearer' } & BearerService);

interface Token {
  readonly header: string;
  /** On the clock of the hooks. */
  readonly until: number;
}

/** Whoever fetched a token was called off, which is no reason for those who waited for it. */
class CalledOff extends Error {}

/** Specification's life of a token that does not say. Seconds. */
const defaultLife = 60;

/**
 * Finds what to write into `Authorization`. What a registry once asked for is sent unasked from then on; tokens are
 * kept for each service and set of scopes until shortly before they end, and fetched once for all who wait for one.
 */
export class Authenticator {
  readonly #credentials: CredentialStore;
  readonly #tokenServer: TokenServer;
  readonly #now: () => number;
  readonly #approaches = new Map<string, Approach>();
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(credentials: CredentialStore, tokenServer: TokenServer, { hooks }: Pick<RegistryOptions, 'hooks'>) {
    this.#credentials = credentials;
    this.#tokenServer = tokenServer;
    this.#now = hooks?.now ?? (() => performance.now());
  }

  /** To send with the first try; undefined if the registry has not asked for anything yet. */
  async header({ resource, scopes }: ScopedRequest, signal: AbortSignal): Promise<string | undefined> {
    const approach = this.#approaches.get(resource.registry);
    if (approach === undefined) return undefined;
    const credentials = await this.#credentials.find(resource, signal);
    if (approach.scheme === 'basic') return basicHeader(credentials);
    const key = tokenKey(resource, approach, scopes);
    return (await this.#token(key, { resource, service: approach, scopes, credentials }, signal)).header;
  }

  /** To send after a rejection; a token that was rejected is not used again. Throws where nothing better can be had. */
  async answer(request: ScopedRequest, { challenges, sent }: Rejection, signal: AbortSignal): Promise<string> {
    const { resource, scopes } = request;
    const credentials = await this.#credentials.find(resource, signal);
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) {
      if (!isBearerService(bearer.parameters)) {
        throw new FailureError(
          registryAnswerNotUnderstood(request, 'it asks for a token and names no http(s) address to get one'),
        );
      }
      const { realm, service } = bearer.parameters;
      const approach: Approach = { scheme: 'bearer', realm, service };
      this.#approaches.set(resource.registry, approach);
      const { scope, error } = bearer.parameters as { readonly scope?: string; readonly error?: string };
      const demanded = scope === undefined || scope === '' ? [] : scope.split(' ');
      const key = tokenKey(resource, approach, scopes);
      this.#forget(key, sent);
      const wanted = { resource, service: approach, scopes: union(scopes, demanded), credentials };
      const { header } = await this.#token(key, wanted, signal);
      if (header !== sent) return header;
      throw new FailureError(await this.refusal(request, header, error));
    }

    const header = basicHeader(credentials);
    const asksForBasic = challenges.some((challenge) => challenge.scheme === 'basic');
    if (!asksForBasic || header === undefined || header === sent) {
      const said = challenges.length === 0 || asksForBasic ? undefined : `it asks for ${challenges[0]!.scheme}`;
      if (header !== undefined && header === sent) throw new FailureError(await this.refusal(request, header));
      throw new FailureError(registryDenied(request, await this.#credentials.login(resource), said));
    }
    this.#approaches.set(resource.registry, { scheme: 'basic' });
    return header;
  }

  /** Why `header` got a 401: who shows credentials as they are is not known, who got a token for them may not do this. */
  async refusal(purpose: Purpose, header: string, said?: string): Promise<Failure> {
    const { resource } = purpose;
    const login = await this.#credentials.login(resource);
    const isOwn = header.startsWith('Basic ') || login?.isToken === true;
    return login !== undefined && isOwn ? loginRejected(resource, login) : registryDenied(purpose, login, said);
  }

  /** Drops a token that was refused, unless another request has already replaced it. */
  #forget(key: string, sent: string | undefined): void {
    const kept = this.#tokens.get(key);
    if (kept === undefined || sent === undefined) return;
    this.#tokens.set(
      key,
      kept.then((token) => (token.header === sent ? { ...token, until: Number.NEGATIVE_INFINITY } : token)),
    );
  }

  /** The token that is kept under `key`, or a new one. */
  async #token(key: string, wanted: TokenRequest, signal: AbortSignal): Promise<Token> {
    const { credentials } = wanted;
    if (credentials?.kind === 'registry-token') return { header: `Bearer ${credentials.token}`, until: Infinity };
    for (;;) {
      const kept = this.#tokens.get(key);
      if (kept !== undefined) {
        const token = await waitFor(kept, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          if (error instanceof CalledOff) return undefined;
          throw error;
        });
        if (token !== undefined && token.until > this.#now()) return token;
        // Of all who see that it is over, the first to come here fetches; the others find its promise.
        if (this.#tokens.get(key) !== kept) continue;
      }
      const fetched = this.#fetch(wanted, signal).catch((error) => {
        throw signal.aborted ? new CalledOff() : error;
      });
      this.#tokens.set(key, fetched);
      return await fetched.catch((error: unknown) => {
        if (this.#tokens.get(key) === fetched) this.#tokens.delete(key);
        signal.throwIfAborted();
        throw error;
      });
    }
  }

  async #fetch(wanted: TokenRequest, signal: AbortSignal): Promise<Token> {
    const login = wanted.credentials && (await this.#credentials.login(wanted.resource));
    const { token, life = defaultLife } = await this.#tokenServer.fetch(wanted, login, signal);
    // A tenth less, so that a token does not end on the way.
    return { header: `Bearer ${token}`, until: this.#now() + life * 900 };
  }
}

function basicHeader(credentials: Credentials | undefined): string | undefined {
  if (credentials?.kind !== 'password') return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function union(scopes: readonly Scope[], demanded: readonly Scope[]): readonly Scope[] {
  return [...new Set([...scopes, ...demanded])];
}

function tokenKey(resource: RegistryResource, { realm, service }: BearerService, scopes: readonly Scope[]): string {
  return JSON.stringify([resource.registry, realm, service, [...scopes].sort()]);
}
