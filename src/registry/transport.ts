import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { type Dispatcher, request as send } from 'undici';
import { FailureError } from '../result.ts';
import { answerError } from './answer-error.ts';
import { Authenticator, type Scope } from './auth.ts';
import { parseChallenges } from './challenge.ts';
import { Connections } from './connections.ts';
import { CredentialStore } from './credentials.ts';
import { apiHost, isLoopback, type PlainAnswer, wantsTls } from './endpoint.ts';
import { redirectRefused, registryDenied } from './failure.ts';
import type { Place } from './place.ts';
import { isDowngrade, isRedirect, maxRedirects, redirected } from './redirect.ts';
import type { RegistryOptions } from './registry-options.ts';
import { drop, type RegistryResponse, readUpTo } from './response.ts';
import { Retrier } from './retry.ts';
import { type TokenFetch, TokenServer } from './token-server.ts';
import { type TransferError, transferErrorOf } from './transfer-error.ts';

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly place: Place;
  /** Completes "refused to …": `read the manifest 1.2`. */
  readonly doing: string;
  /** Below `/v2/` of the registry, or the address that the registry gave out. */
  readonly at: string | URL;
  readonly scopes: readonly Scope[];
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Opened anew for each try; its `content-length` is to be among the headers. */
  readonly body?: Uint8Array | (() => Promise<Readable>);
  /** Statuses that are no failure. */
  readonly accept: readonly number[];
  /** Milliseconds until the answer begins, where that may take longer than other answers. */
  readonly patience?: number;
}

/** Sends requests to registries: finds the address, follows redirects, shows credentials, tries again. */
export class Transport {
  readonly retrier: Retrier;
  readonly #options: RegistryOptions;
  readonly #connections: Connections;
  readonly #authenticator: Authenticator;
  readonly #bases = new Map<string, URL>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.retrier = new Retrier(options);
    this.#connections = new Connections(options);
    const tokenServer = new TokenServer(
      (request, place, doing, signal) => this.#fetchToken(request, place, doing, signal),
      options.userAgent.replace(/[/ ].*$/, ''),
    );
    this.#authenticator = new Authenticator(new CredentialStore(options), tokenServer, options);
  }

  /** Sends until it succeeds or makes no sense any more. `use` is part of each try. */
  async send<T>(
    request: RegistryRequest,
    use: (response: RegistryResponse) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return await this.retrier.run(() => this.once(request, use, signal), signal);
  }

  /**
   * One try. What `use` leaves of the body is thrown away, unless it returns the response itself, to be read by
   * the caller. Errors of the network and answers that were not to be accepted become TransferErrors.
   */
  async once<T>(
    request: RegistryRequest,
    use: (response: RegistryResponse) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    let response: RegistryResponse | undefined;
    let result: unknown;
    try {
      response = await this.#authorized(request, signal);
      if (!request.accept.includes(response.status)) {
        throw await this.#failed(response, request.place, request.doing);
      }
      result = await use(response);
      return result as T;
    } catch (error) {
      throw this.#explained(error, request.place, request.doing, signal);
    } finally {
      if (response !== undefined && result !== response) await drop(response);
    }
  }

  /** Ends all connections, and with them the requests that are under way. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #authorized(request: RegistryRequest, signal: AbortSignal): Promise<RegistryResponse> {
    const { place, doing, scopes } = request;
    const base = await this.#base(place, signal);
    const url = typeof request.at === 'string' ? new URL(request.at, base) : request.at;
    // Upload sessions may live on another server, which is no party to the registry's credentials.
    const isOwn = url.origin === base.origin;
    const sent = isOwn ? await this.#authenticator.header(place, scopes, signal) : undefined;
    const response = await this.#followed(request, url, sent, signal);
    if (response.status !== 401 || !isOwn || response.url.origin !== base.origin) return response;

    const challenges = parseChallenges(response.headers['www-authenticate'] ?? '');
    await drop(response);
    const isSecure = url.protocol === 'https:';
    const header = await this.#authenticator.answer(place, doing, challenges, { scopes, sent, isSecure }, signal);
    const second = await this.#followed(request, url, header, signal);
    if (second.status !== 401) return second;
    await drop(second);
    const [challenge] = parseChallenges(second.headers['www-authenticate'] ?? '');
    throw new FailureError(
      registryDenied(place, doing, challenge?.parameters['error'], await this.#authenticator.hasCredentials(place)),
    );
  }

  async #followed(
    request: RegistryRequest,
    url: URL,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<RegistryResponse> {
    const { place, doing } = request;
    let next = {
      method: request.method as string,
      url,
      headers: { ...request.headers, ...(authorization !== undefined && { authorization }) } as Record<string, string>,
      keepsBody: true,
    };
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const body = next.keepsBody ? request.body : undefined;
      const response = await this.#dispatch(next, body, request.patience, signal);
      const { location } = response.headers;
      // A mounted or finished blob has a Location too; only a redirect asks to go there.
      if (!isRedirect(response.status) || location === undefined || request.accept.includes(response.status)) {
        return response;
      }
      await drop(response);
      if (!URL.canParse(location, next.url.href)) {
        throw new FailureError(redirectRefused(place, doing, location, 'that is no address'));
      }
      const onward = redirected(next, response.status, location);
      if (isDowngrade(next.url, onward.url)) {
        throw new FailureError(redirectRefused(place, doing, onward.url.origin, 'it leads from https to http'));
      }
      next = { ...onward, headers: { ...onward.headers } };
    }
    throw new FailureError(
      redirectRefused(place, doing, next.url.origin, `it is the redirect number ${maxRedirects + 1}`),
    );
  }

  async #dispatch(
    request: { readonly method: string; readonly url: URL; readonly headers: Readonly<Record<string, string>> },
    body: RegistryRequest['body'],
    patience: number | undefined,
    signal: AbortSignal,
  ): Promise<RegistryResponse> {
    signal.throwIfAborted();
    // One signal may end any number of requests; Node takes more than ten listeners for a leak.
    setMaxListeners(0, signal);
    const {
      statusCode,
      headers,
      body: answer,
    } = await send(request.url.href, {
      method: request.method as Dispatcher.HttpMethod,
      headers: { 'user-agent': this.#options.userAgent, ...request.headers },
      body: typeof body === 'function' ? await body() : (body ?? null),
      dispatcher: this.#connections.to(request.url, !this.#isInsecure(request.url)),
      ...(patience !== undefined && { headersTimeout: patience }),
      // Or each HEAD would end its connection, for the sake of servers that answer it with a body.
      reset: false,
      signal,
    });
    const flat = Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]);
    return { status: statusCode, headers: Object.fromEntries(flat), url: request.url, body: answer };
  }

  #isInsecure({ protocol, host }: URL): boolean {
    // Through URL, which leaves the default port out.
    return this.#options.insecureRegistries.some((registry) => new URL(`${protocol}//${registry}`).host === host);
  }

  /** `https://host/v2/`, found out once for each registry. */
  async #base(place: Place, signal: AbortSignal): Promise<URL> {
    const { registry } = place;
    const known = this.#bases.get(registry);
    if (known !== undefined) return known;
    const secure = new URL(`https://${apiHost(registry)}/v2/`);
    if (!isLoopback(registry) && !this.#options.insecureRegistries.includes(registry)) return secure;

    const plain = new URL(`http://${registry}/v2/`);
    const answer = await this.#askInPlain(plain, signal);
    const base = wantsTls(answer) && (await this.#speaksTls(place, secure, signal)) ? secure : plain;
    if (!('error' in answer) || base === secure) this.#bases.set(registry, base);
    return base;
  }

  async #askInPlain(url: URL, signal: AbortSignal): Promise<PlainAnswer> {
    try {
      const response = await this.#dispatch({ method: 'GET', url, headers: {} }, undefined, undefined, signal);
      const start = (await readUpTo(response, 4096)).toString('utf8');
      return { status: response.status, location: response.headers['location'], start };
    } catch (error) {
      signal.throwIfAborted();
      const { code } = error as NodeJS.ErrnoException;
      return { error: code };
    }
  }

  /** Errors of certificates count as TLS: they are to be told, not to be hidden behind http. */
  async #speaksTls(place: Place, url: URL, signal: AbortSignal): Promise<boolean> {
    try {
      await drop(await this.#dispatch({ method: 'GET', url, headers: {} }, undefined, undefined, signal));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const explained = transferErrorOf(error, place, 'find its address');
      return explained?.failure.reason === 'registry-tls-failed' && !explained.failure.hint?.includes('speak http');
    }
  }

  async #fetchToken(...[request, place, doing, signal]: Parameters<TokenFetch>): Promise<Uint8Array> {
    return await this.retrier.run(async () => {
      try {
        const response = await this.#dispatch(request, request.body, undefined, signal);
        if (response.status !== 200) throw await this.#failed(response, place, doing);
        return await readUpTo(response, 1 << 20);
      } catch (error) {
        throw this.#explained(error, place, doing, signal);
      }
    }, signal);
  }

  async #failed(response: RegistryResponse, place: Place, doing: string): Promise<TransferError> {
    return await answerError(response, place, doing, await this.#authenticator.hasCredentials(place));
  }

  #explained(error: unknown, place: Place, doing: string, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof FailureError) return error;
    return transferErrorOf(error, place, doing) ?? error;
  }
}
