import { type Dispatcher, request as send } from 'undici';
import { withoutPassword } from '../dockerfile/remote-source.ts';
import { Connections } from '../registry/connections.ts';
import { defaultLimits } from '../registry/limits.ts';
import { networkProblem } from '../registry/network-error.ts';
import { isDowngrade, isRedirect, maxRedirects, redirected } from '../registry/redirect.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import { Retrier, retryAfter } from '../registry/retry.ts';
import { TransferError } from '../registry/transfer-error.ts';
import { waitFor } from '../registry/wait-for.ts';
import { FailureError } from '../result.ts';
import { sourceNotFound, sourceRedirectRefused, sourceRefused, sourceUnreachable } from './failure.ts';

/** The head of an answer, and its body. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** One file that is asked for. */
export interface HttpQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** May lead from https to http: its bytes are known. */
  readonly isVerified: boolean;
}

/** Asks web servers for files, through the proxies and with the certificates that registries are asked with. */
export class HttpClient {
  readonly #connections: Connections;
  readonly #retrier: Retrier;
  readonly #userAgent: string;

  constructor(options: RegistryOptions) {
    this.#connections = new Connections(options, { ...defaultLimits, ...options.limits });
    this.#retrier = new Retrier(options);
    this.#userAgent = options.userAgent;
  }

  /** `use` is part of each try; what it leaves of the body is thrown away. Answers are 200 or 304. */
  async get<T>(question: HttpQuestion, use: (answer: HttpAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#retrier.run(() => this.#once(question, use, signal), signal);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #once<T>(question: HttpQuestion, use: (answer: HttpAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    const address = withoutPassword(question.url);
    const explain = (error: unknown) => explained(error, address, signal);
    const answer = await this.#followed(question, signal);
    const { body, statusCode: status } = answer;
    const headers = flat(answer.headers);
    try {
      if (status !== 200 && status !== 304) throw failedWith(status, headers, address);
      return await use({ status, headers, body: explaining(body, explain) });
    } finally {
      if (!body.readableEnded) body.on('error', () => {}).destroy();
    }
  }

  async #followed({ url: text, headers, isVerified }: HttpQuestion, signal: AbortSignal) {
    const address = withoutPassword(text);
    const { url, authorization } = withoutLogin(new URL(text));
    const own: Record<string, string> = {
      'user-agent': this.#userAgent,
      // The bytes themselves, and not what a server makes of them on the way.
      'accept-encoding': 'identity',
      ...(authorization !== undefined && { authorization }),
      // A login that was given on purpose comes before one in the address.
      ...headers,
    };
    let next = { method: 'GET', url, headers: own as Readonly<Record<string, string>>, keepsBody: true };
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const answer = await this.#send(next, address, signal);
      const { location } = flat(answer.headers);
      if (!isRedirect(answer.statusCode) || location === undefined) return answer;
      answer.body.on('error', () => {}).destroy();
      const refused = (why: string) => new FailureError(sourceRedirectRefused(address, withoutPassword(location), why));
      if (!URL.canParse(location, next.url.href)) throw refused('that is no address');
      const onward = redirected(next, answer.statusCode, location);
      if (!/^https?:$/.test(onward.url.protocol)) throw refused('that is neither http nor https');
      if (isDowngrade(next.url, onward.url) && !isVerified) throw refused('that is http, and anybody could change it');
      const there = withoutLogin(onward.url);
      next = { ...onward, url: there.url };
    }
    throw new FailureError(
      sourceRedirectRefused(address, next.url.origin, `that is the redirect number ${maxRedirects + 1}`),
    );
  }

  async #send(
    { method, url, headers }: { method: string; url: URL; headers: Readonly<Record<string, string>> },
    address: string,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    try {
      const sent = send(url.href, {
        method: method as Dispatcher.HttpMethod,
        headers,
        dispatcher: this.#connections.to(url, true),
        signal,
      });
      // While a connection is being made, undici does not look at the signal.
      return await waitFor(sent, signal);
    } catch (error) {
      throw explained(error, address, signal);
    }
  }
}

/** What is in an address of a user goes into a header. */
function withoutLogin(url: URL): { readonly url: URL; readonly authorization?: string } {
  if (url.username === '' && url.password === '') return { url };
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return { url: bare, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Statuses that may be others in a moment. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

function failedWith(status: number, headers: HttpAnswer['headers'], address: string): TransferError {
  const isAbsent = status === 404 || status === 410;
  const failure = isAbsent ? sourceNotFound(address, status) : sourceRefused(address, status);
  const wait = retryAfter(headers['retry-after'], headers['date']);
  return new TransferError(failure, { temporary: passing.has(status), retryAfter: wait, status });
}

function explained(error: unknown, address: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof FailureError) return error;
  const { said, isPassing, wasWaitedFor } = networkProblem(error);
  return new TransferError(sourceUnreachable(address, said), {
    temporary: isPassing,
    ...(wasWaitedFor && { mostRetries: 1 }),
    cause: error,
  });
}

async function* explaining(
  body: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
