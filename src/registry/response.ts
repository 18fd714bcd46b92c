import type { Dispatcher } from 'undici';
import { FailureError } from '../result.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import type { Purpose } from './purpose.ts';

/** The head of an answer, and its body as a stream that holds a connection until it is read or discarded. */
export interface RegistryResponse {
  readonly status: number;
  /** Names in lower case; of a header that came twice, the values with a comma between them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where it came from in the end. */
  readonly url: URL;
  /** To be read at most once. Whatever goes wrong with it is a FailureError. */
  readonly body: AsyncIterable<Buffer>;
  /** Lets go of a body that nobody reads: of a short one within `milliseconds`, so that its connection can be used again. */
  discard(milliseconds: number): Promise<void>;
  /** Calls back when the body has ended, one way or the other. */
  onClose(callback: () => void): void;
}

type Body = Dispatcher.ResponseData['body'];

/** Bytes that are read for the sake of a connection. */
const shortRest = 64 << 10;

/** `explain` makes a failure of any error that reading throws. */
export async function* bytesOf(body: Body, explain: (error: unknown) => unknown): AsyncGenerator<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    throw explain(error);
  }
}

/** Never rejects: it only matters whether the connection is of use. */
export async function discard(body: Body, milliseconds: number): Promise<void> {
  if (body.destroyed || body.readableEnded) return;
  const timer = setTimeout(() => body.destroy(), milliseconds);
  await body.dump({ limit: shortRest }).catch(() => {});
  clearTimeout(timer);
}

/** The whole body, for answers that are known to be short; throws where there is more than `limit` bytes. */
export async function readWhole(response: RegistryResponse, limit: number, purpose: Purpose): Promise<Buffer> {
  const bytes = await readUpTo(response, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new FailureError(registryAnswerNotUnderstood(purpose, `it has more than ${limit} bytes`));
}

/** The beginning of the body. The connection is given up if there is more. */
export async function readUpTo(response: RegistryResponse, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
