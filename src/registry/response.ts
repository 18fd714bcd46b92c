import type { Dispatcher } from 'undici';
import { FailureError } from '../result.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import type { Place } from './place.ts';

export interface RegistryResponse {
  readonly status: number;
  /** Names in lower case; of a header that came twice, the values with a comma between them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where it came from in the end. */
  readonly url: URL;
  readonly body: Dispatcher.ResponseData['body'];
}

/** The whole body, for answers that are known to be short; throws where there is more than `limit` bytes. */
export async function readWhole(
  response: RegistryResponse,
  limit: number,
  place: Place,
  doing: string,
): Promise<Buffer> {
  const bytes = await readUpTo(response, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new FailureError(registryAnswerNotUnderstood(place, doing, `it has more than ${limit} bytes`));
}

/** The beginning of the body. The connection is given up if there is more. */
export async function readUpTo(response: RegistryResponse, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

/** Lets go of a body that nobody reads, so that the connection can be used again. */
export async function drop(response: RegistryResponse): Promise<void> {
  if (response.body.destroyed || response.body.readableEnded) return;
  await response.body.dump({ limit: 64 << 10 }).catch(() => {});
}
