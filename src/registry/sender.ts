import { Readable } from 'node:stream';
import { type Dispatcher, request as send } from 'undici';
import { FailureError } from '../result.ts';
import { Connections } from './connections.ts';
import type { Deadline } from './deadline.ts';
import { apiHost } from './endpoint.ts';
import { registryTooSlow } from './failure.ts';
import { defaultLimits, type RegistryLimits } from './limits.ts';
import type { Purpose } from './purpose.ts';
import type { RegistryOptions } from './registry-options.ts';
import { bytesOf, discard, type RegistryResponse } from './response.ts';
import { TransferError, transferErrorOf } from './transfer-error.ts';
import { waitFor } from './wait-for.ts';

/** One request as it goes over the line. */
export interface Message extends Purpose {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | (() => Promise<Readable>) | undefined;
  /** Milliseconds from the last byte of a streamed body until the answer begins. */
  readonly patience?: number | undefined;
}

/** A body of ours that is read while it is sent. */
interface StreamedBody {
  readonly open: () => Promise<Readable>;
  /** As that of its message. */
  readonly patience: number | undefined;
  /** What reading it came to, if that is not its end. */
  failed?: { readonly error: unknown };
}

/** Sends one request after the other. All that goes wrong on the other side becomes a TransferError. */
export class Sender {
  readonly limits: RegistryLimits;
  readonly #options: RegistryOptions;
  readonly #connections: Connections;
  /** Registries that have answered. */
  readonly #reached = new Set<string>();

  constructor(options: RegistryOptions) {
    this.limits = { ...defaultLimits, ...options.limits };
    this.#options = options;
    this.#connections = new Connections(options, this.limits);
  }

  async send(message: Message, deadline: Deadline): Promise<RegistryResponse> {
    const { url, patience } = message;
    const { registry } = message.resource;
    deadline.signal.throwIfAborted();
    deadline.isAnswered = false;
    const explain = (error: unknown) => {
      if (deadline.signal.aborted) return deadline.signal.reason;
      if (error instanceof FailureError) return error;
      return transferErrorOf(error, message, {
        otherHost: isAtHome(url, registry) ? undefined : url.host,
        proxy: this.#connections.proxyFor(url),
        wasReached: this.#reached.has(registry),
      });
    };
    let source: StreamedBody | undefined;
    let body: Uint8Array | Readable | null;
    if (typeof message.body === 'function') {
      source = { open: message.body, patience };
      body = await this.#streamed(source, message, deadline);
    } else body = message.body ?? null;
    try {
      const sent = send(url.href, {
        method: message.method as Dispatcher.HttpMethod,
        headers: { 'user-agent': this.#options.userAgent, ...message.headers },
        body,
        dispatcher: this.#connections.to(url, !this.isInsecure(url)),
        ...(patience !== undefined && { headersTimeout: patience }),
        // Or each HEAD would end its connection, for the sake of servers that answer it with a body.
        reset: false,
        signal: deadline.signal,
      });
      // While a connection is being made, undici does not look at the signal.
      const answer = await waitFor(sent, deadline.signal);
      deadline.isAnswered = true;
      this.#reached.add(registry);
      return {
        status: answer.statusCode,
        headers: flat(answer.headers),
        url,
        body: bytesOf(answer.body, explain),
        discard: (milliseconds) => discard(answer.body, milliseconds),
        onClose: (callback) => void (answer.body.closed ? callback() : answer.body.once('close', callback)),
      };
    } catch (error) {
      // What is wrong with our own bytes is not the registry's fault.
      if (source?.failed !== undefined && !deadline.signal.aborted) throw source.failed.error;
      throw explain(error);
    }
  }

  isInsecure({ protocol, host }: URL): boolean {
    // Through URL, which leaves the default port out.
    return this.#options.insecureRegistries.some((registry) => new URL(`${protocol}//${registry}`).host === host);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** A body that ends the request where the other side stops taking it; from its end on the answer is due. */
  async #streamed(body: StreamedBody, purpose: Purpose, deadline: Deadline): Promise<Readable> {
    const { window, leastBytes } = this.limits;
    deadline.lift();
    const source = await body.open();
    const stop = (): void => void source.destroy();
    deadline.signal.addEventListener('abort', stop, { once: true });
    const chunks = (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    async function* paced(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          // Only what reading throws is the source's: what undici throws into a body is what became of the connection.
          const { done, value: chunk } = await chunks.next().catch((error: unknown) => {
            body.failed = { error };
            throw error;
          });
          if (done === true) break;
          const limit = window * Math.max(1, chunk.length / leastBytes);
          const timer = setTimeout(() => deadline.end(stalled(limit)), limit);
          try {
            yield chunk;
          } finally {
            clearTimeout(timer);
          }
        }
        if (body.patience !== undefined) deadline.restart(body.patience);
      } finally {
        source.destroy();
      }
    }
    const stalled = (limit: number) =>
      new TransferError(registryTooSlow(purpose, `it took no bytes for ${seconds(limit)}`), {
        temporary: true,
        mostRetries: 1,
      });
    return Readable.from(paced(), { objectMode: false });
  }
}

/** Through URL, which leaves the default port out. */
function isAtHome({ protocol, host }: URL, registry: string): boolean {
  return new URL(`${protocol}//${apiHost(registry)}`).host === host;
}

/** `30 s`, for messages. */
export function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): RegistryResponse['headers'] {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return Object.fromEntries(entries);
}
