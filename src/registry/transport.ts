import type { Readable } from 'node:stream';
import { FailureError } from '../result.ts';
import { answerError } from './answer-error.ts';
import { Authenticator, type ScopedRequest } from './auth.ts';
import { BaseAddresses } from './base-addresses.ts';
import { parseChallenges } from './challenge.ts';
import { CredentialStore } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { redirectRefused, registryTooSlow, registryUnreachable } from './failure.ts';
import type { RegistryLimits } from './limits.ts';
import type { Purpose } from './purpose.ts';
import { isDowngrade, isRedirect, isWeb, maxRedirects, redirected } from './redirect.ts';
import type { RegistryOptions } from './registry-options.ts';
import { type RegistryResponse, readUpTo } from './response.ts';
import { Retrier } from './retry.ts';
import { Sender, seconds } from './sender.ts';
import { type TokenMessage, TokenServer } from './token-server.ts';
import { TransferError } from './transfer-error.ts';

/** One request to a registry, with all that retrying, authenticating and reporting it needs. */
export interface RegistryRequest extends ScopedRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/v2/` of the registry, or the address that the registry gave out. */
  readonly at: string | URL;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Opened anew for each try; its `content-length` is to be among the headers. */
  readonly body?: Uint8Array | (() => Promise<Readable>);
  /** Statuses that are no failure. */
  readonly accept: readonly number[];
  /** Of a body that is opened: milliseconds from its last byte until the answer begins. */
  readonly patience?: number;
  /** Shows no credentials, and takes a question for them as the answer. */
  readonly isAnonymous?: boolean;
  /** Milliseconds for all of it, instead of the limit for its method. */
  readonly limit?: number;
}

/** Sends requests to registries: finds the address, follows redirects, shows credentials, tries again. */
export class Transport {
  readonly retrier: Retrier;
  /** A clock in milliseconds that only goes forward. */
  readonly now: () => number;
  readonly limits: RegistryLimits;
  readonly #sender: Sender;
  readonly #credentials: CredentialStore;
  readonly #authenticator: Authenticator;
  readonly #bases: BaseAddresses;

  constructor(options: RegistryOptions) {
    this.retrier = new Retrier(options);
    this.now = options.hooks?.now ?? (() => performance.now());
    this.#sender = new Sender(options);
    this.limits = this.#sender.limits;
    this.#bases = new BaseAddresses(this.#sender, options);
    this.#credentials = new CredentialStore(options);
    const tokenServer = new TokenServer(
      (message, signal) => this.#fetchToken(message, signal),
      options.userAgent.replace(/[/ ].*$/, ''),
      (registry) => this.#bases.mayBePlain(registry),
    );
    this.#authenticator = new Authenticator(this.#credentials, tokenServer, options);
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
   * the caller without a limit of time. Whatever the other side does wrong becomes a FailureError, and a TransferError
   * where another try may help.
   */
  async once<T>(
    request: RegistryRequest,
    use: (response: RegistryResponse) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const deadline = this.#deadline(request, signal);
    let response: RegistryResponse | undefined;
    let result: unknown;
    try {
      response = await this.#authorized(request, deadline);
      // The time that bytes of ours took is not the answer's.
      if (typeof request.body === 'function') deadline.restart(this.limits.document);
      if (!request.accept.includes(response.status)) throw await this.#failed(response, request);
      result = await use(response);
      return result as T;
    } catch (error) {
      throw deadline.reasonFor(error);
    } finally {
      if (response !== undefined && result === response) {
        deadline.lift();
        response.onClose(() => deadline.close());
      } else {
        await response?.discard(this.limits.drain);
        deadline.close();
      }
    }
  }

  /** Ends all connections, and with them the requests that are under way. */
  async close(): Promise<void> {
    await this.#sender.close();
  }

  #deadline(request: Purpose & Pick<RegistryRequest, 'method' | 'limit'>, signal: AbortSignal): Deadline {
    const { method, limit } = request;
    const ofMethod = method === 'GET' || method === 'HEAD' ? this.limits.document : this.limits.change;
    return new Deadline(signal, limit ?? ofMethod, (deadline, milliseconds) => {
      const time = seconds(milliseconds);
      const failure = deadline.isAnswered
        ? registryTooSlow(request, `its answer did not end within ${time}`)
        : registryUnreachable(request.resource, `it did not answer within ${time}`);
      return new TransferError(failure, { temporary: true, mostRetries: 1 });
    });
  }

  async #authorized(request: RegistryRequest, deadline: Deadline): Promise<RegistryResponse> {
    const base = await this.#bases.of(request.resource, deadline);
    const url = typeof request.at === 'string' ? new URL(request.at, base) : request.at;
    if (!isWeb(url) || isDowngrade(base, url)) {
      throw new FailureError(
        redirectRefused(request, `${url.protocol}//${url.host}`, 'that is no address of a registry'),
      );
    }
    // Upload sessions may live on another server, which is no party to the registry's credentials.
    const isOwn = url.origin === base.origin && request.isAnonymous !== true;
    const { signal } = deadline;
    const sent = isOwn ? await deadline.except(() => this.#authenticator.header(request, signal)) : undefined;
    const located = { ...request, at: url };
    const response = await this.#followed(located, sent, deadline);
    if (response.status !== 401 || !isOwn || response.url.origin !== base.origin) return response;

    const challenges = parseChallenges(response.headers['www-authenticate'] ?? '');
    await response.discard(this.limits.drain);
    const header = await deadline.except(() => this.#authenticator.answer(request, { challenges, sent }, signal));
    const second = await this.#followed(located, header, deadline);
    if (second.status !== 401) return second;
    await second.discard(this.limits.drain);
    const [challenge] = parseChallenges(second.headers['www-authenticate'] ?? '');
    throw new FailureError(await this.#authenticator.refusal(request, header, challenge?.parameters['error']));
  }

  async #followed(
    request: RegistryRequest & { readonly at: URL },
    authorization: string | undefined,
    deadline: Deadline,
  ): Promise<RegistryResponse> {
    const { resource, doing } = request;
    let next = {
      method: request.method as string,
      url: request.at,
      headers: { ...request.headers, ...(authorization !== undefined && { authorization }) } as Record<string, string>,
      keepsBody: true,
    };
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const { method, url, headers } = next;
      const body = next.keepsBody ? request.body : undefined;
      const message = { resource, doing, method, url, headers, body, patience: request.patience };
      const response = await this.#sender.send(message, deadline);
      const { location } = response.headers;
      // A mounted or finished blob has a Location too; only a redirect asks to go there.
      if (!isRedirect(response.status) || location === undefined || request.accept.includes(response.status)) {
        return response;
      }
      await response.discard(this.limits.drain);
      if (!URL.canParse(location, next.url.href)) {
        throw new FailureError(redirectRefused(request, location, 'that is no address'));
      }
      const onward = redirected(next, response.status, location);
      if (!isWeb(onward.url)) {
        throw new FailureError(redirectRefused(request, onward.url.protocol, 'that is neither http nor https'));
      }
      if (isDowngrade(next.url, onward.url)) {
        throw new FailureError(redirectRefused(request, onward.url.origin, 'it leads from https to http'));
      }
      next = { ...onward, headers: { ...onward.headers } };
    }
    throw new FailureError(redirectRefused(request, next.url.origin, `it is the redirect number ${maxRedirects + 1}`));
  }

  async #fetchToken(message: TokenMessage, signal: AbortSignal): Promise<Uint8Array> {
    const once = async () => {
      const deadline = this.#deadline(message, signal);
      let response: RegistryResponse | undefined;
      try {
        response = await this.#sender.send(message, deadline);
        if (response.status !== 200) throw await this.#failed(response, message);
        return await readUpTo(response, 1 << 20);
      } catch (error) {
        throw deadline.reasonFor(error);
      } finally {
        await response?.discard(this.limits.drain);
        deadline.close();
      }
    };
    try {
      return await this.retrier.run(once, signal);
    } catch (error) {
      // It was tried often enough: the request it is for does not begin all over.
      throw error instanceof TransferError ? error.asFinal() : error;
    }
  }

  async #failed(response: RegistryResponse, purpose: Purpose): Promise<TransferError> {
    return await answerError(response, purpose, await this.#credentials.login(purpose.resource));
  }
}
