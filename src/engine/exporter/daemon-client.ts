import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FailureError } from '../../result.ts';
import type { Daemon } from './daemon-place.ts';
import { daemonForbidden, daemonRefused, daemonUnreachable, daemonWentAway } from './failure.ts';

/** One question to a daemon; `body` is a tar. */
export interface DaemonRequest {
  readonly path: string;
  readonly body?: AsyncIterable<Uint8Array> | undefined;
}

/** Milliseconds without a byte; a tar is loaded for as long as that takes. */
const SILENCE = 30_000;
/** Bytes of an answer that are kept. */
const ANSWER = 16 << 20;

/**
 * Asks (GET, or POST where there is a body) and returns the text of the answer. Throws FailureError: `daemon-unreachable`,
 * `daemon-forbidden`, `daemon-went-away`, `daemon-refused`; what the body throws as it is.
 */
export async function askDaemon(daemon: Daemon, { path, body }: DaemonRequest, signal: AbortSignal): Promise<string> {
  const { at } = daemon;
  const options: RequestOptions = {
    ...('socketPath' in at ? { socketPath: at.socketPath } : { host: at.host, port: at.port, ...at.tls }),
    path,
    agent: false,
    signal,
    headers: { host: 'localhost', ...(body && { 'content-type': 'application/x-tar' }) },
    ...(body ? { method: 'POST' } : { method: 'GET', timeout: SILENCE }),
  };
  const sent = 'tls' in at && at.tls !== undefined ? requestHttps(options) : requestHttp(options);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  });
  let ofBody: unknown;
  const sending = pipeline(
    noting(body ?? [], (error) => (ofBody = error)),
    sent,
  );
  // A daemon may refuse before it has read all: what counts is its answer.
  sending.catch(() => {});
  try {
    const answer = await answered;
    const text = await textOf(answer);
    if (answer.statusCode! >= 400) throw new FailureError(daemonRefused(daemon, messageIn(text)));
    await sending;
    return text;
  } catch (error) {
    signal.throwIfAborted();
    if (ofBody !== undefined) throw ofBody;
    throw explained(daemon, error, body !== undefined);
  } finally {
    sent.destroy();
  }
}

/** Errors of the body are told from those of the connection. */
function noting(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, note: (error: unknown) => void): Readable {
  return Readable.from(
    (async function* () {
      try {
        yield* body;
      } catch (error) {
        note(error);
        throw error;
      }
    })(),
  );
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= ANSWER) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `{"message": …}` of Docker, `{"cause": …, "message": …}` of Podman, or whatever it is. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Shown as it is.
  }
  return text.trim().slice(0, 500);
}

function explained(daemon: Daemon, error: unknown, isSending: boolean): unknown {
  if (error instanceof FailureError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (code === 'EACCES' || code === 'EPERM') return new FailureError(daemonForbidden(daemon), { cause: error });
  const isBroken = code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('ERR_STREAM');
  if (isBroken && isSending) return new FailureError(daemonWentAway(daemon), { cause: error });
  return new FailureError(daemonUnreachable(daemon, code.startsWith('E') ? code : message), { cause: error });
}
