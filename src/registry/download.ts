import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDocumentType } from '../oci/media-type.ts';
import { Verifier } from '../oci/verify-stream.ts';
import { FailureError } from '../result.ts';
import { scopeOf } from './auth.ts';
import { blobUnknown, registryAnswerNotUnderstood, registryTooSlow } from './failure.ts';
import { Pace } from './pace.ts';
import type { Purpose } from './purpose.ts';
import { formatResource, type RegistryResource } from './registry-resource.ts';
import type { Remote } from './remote.ts';
import type { RegistryResponse } from './response.ts';
import { seconds } from './sender.ts';
import { TransferError } from './transfer-error.ts';
import type { Transport } from './transport.ts';

/**
 * The bytes of a blob or document, verified at their end. Where the connection breaks or is too slow, the rest is asked for
 * by a range; tries are counted anew when a fair number of bytes has come. Rejects before the first byte if there is no blob.
 */
export async function download(remote: Remote, descriptor: Descriptor, signal: AbortSignal): Promise<Readable> {
  const blob = new RemoteBlob(remote, descriptor, signal);
  const first = await remote.transport.retrier.run(() => blob.get(0), signal);
  // Chunks are bytes, but for the size of its buffer a stream of objects keeps them as they come.
  const stream = Readable.from(blob.bytes(first), { objectMode: false, highWaterMark: 128 << 10 });
  // A stream that nobody ever reads does not get to its own end.
  stream.once('close', () => void first.discard(0));
  return stream;
}

class RemoteBlob {
  readonly #transport: Transport;
  readonly #resource: Required<RegistryResource>;
  readonly #descriptor: Descriptor;
  readonly #signal: AbortSignal;
  readonly #purpose: Purpose;

  constructor({ resource, transport }: Remote, descriptor: Descriptor, signal: AbortSignal) {
    this.#transport = transport;
    this.#resource = resource;
    this.#descriptor = descriptor;
    this.#signal = signal;
    this.#purpose = { resource, doing: `read ${descriptor.digest}` };
  }

  async *bytes(first: RegistryResponse): AsyncGenerator<Uint8Array> {
    const verifier = new Verifier(this.#descriptor, formatResource(this.#resource));
    let response: RegistryResponse | undefined = first;
    let failures = 0;
    for (;;) {
      const before = verifier.size;
      try {
        response ??= await this.get(before);
        yield* this.#through(verifier, response);
        return verifier.finish();
      } catch (error) {
        this.#signal.throwIfAborted();
        // Or a byte for each connection would never be too few.
        const isFair = verifier.size - before >= this.#transport.limits.leastBytes;
        failures = isFair ? 1 : failures + 1;
        await this.#transport.retrier.pause(error, failures, this.#signal);
        response = undefined;
      }
    }
  }

  /** One try to get what follows the first `offset` bytes. */
  async get(offset: number): Promise<RegistryResponse> {
    const { digest, mediaType } = this.#descriptor;
    const { repository } = this.#resource;
    const isDocument = isDocumentType(mediaType);
    try {
      return await this.#transport.once(
        {
          ...this.#purpose,
          method: 'GET',
          at: `${repository}/${isDocument ? 'manifests' : 'blobs'}/${digest}`,
          scopes: [scopeOf(repository, 'pull')],
          headers: {
            // The digest is of the bytes as they are stored.
            'accept-encoding': 'identity',
            ...(isDocument && { accept: mediaType }),
            ...(offset > 0 && { range: `bytes=${offset}-` }),
          },
          accept: offset > 0 ? [200, 206] : [200],
        },
        async (response) => response,
        this.#signal,
      );
    } catch (error) {
      if (!(error instanceof TransferError) || error.status !== 404) throw error;
      throw new FailureError(blobUnknown(this.#resource, digest), { cause: error });
    }
  }

  /** Passes on what of an answer is new: not every server knows ranges. */
  async *#through(verifier: Verifier, response: RegistryResponse): AsyncGenerator<Uint8Array> {
    let skip = verifier.size - startOf(response);
    if (skip < 0) {
      const wrong = 'it leaves out bytes that were asked for';
      throw new FailureError(registryAnswerNotUnderstood(this.#purpose, wrong));
    }
    const pace = new Pace(this.#transport.limits, this.#transport.now);
    pace.waiting();
    for await (const chunk of response.body) {
      if (!pace.arrived(chunk.length)) throw this.#tooSlow();
      const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length > 0) {
        verifier.update(fresh);
        yield fresh;
      }
      pace.waiting();
    }
  }

  #tooSlow(): TransferError {
    const { leastBytes, window } = this.#transport.limits;
    const problem = `fewer than ${leastBytes} bytes in ${seconds(window)}`;
    return new TransferError(registryTooSlow(this.#purpose, problem), {
      temporary: true,
      mostRetries: 1,
    });
  }
}

/** Offset of the first byte of an answer. */
function startOf({ status, headers }: RegistryResponse): number {
  if (status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? 0);
}
