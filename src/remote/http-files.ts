import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type HttpSource, withoutPassword } from '../dockerfile/remote-source.ts';
import { digestOf } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import type { RecordLog } from '../store/record-log.ts';
import type { Store } from '../store/store.ts';
import { sourceChecksumMismatch, sourceMoved } from './failure.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';
import type { Logins } from './logins.ts';
import { HttpFile } from './remote-pin.ts';

/** What an address gave out last, with what a server needs to say that it is still that. */
const Seen = z.object({
  file: HttpFile,
  etag: z.string().optional(),
  /** As the server wrote it. */
  lastModified: z.string().optional(),
});
type Seen = z.infer<typeof Seen>;

/**
 * Files of web servers. What was fetched is a blob of the store, and is asked for again only where the server says that it
 * changed: by ETag and Last-Modified. https://www.rfc-editor.org/rfc/rfc9110#section-13
 */
export class HttpFiles {
  readonly #store: Store;
  readonly #client: () => HttpClient;
  readonly #logins: Logins;
  readonly #seen: RecordLog<Seen>;
  /** In this run an address is one file, however often it is asked for. */
  readonly #asked = new Map<string, Promise<HttpFile>>();

  constructor(store: Store, client: () => HttpClient, logins: Logins) {
    this.#store = store;
    this.#logins = logins;
    this.#client = client;
    this.#seen = store.records('remote-files', Seen);
  }

  /** What the source is now: of one with a checksum what is in the store. Its bytes are there afterwards. */
  async file(source: HttpSource, signal: AbortSignal): Promise<HttpFile> {
    const id = idOf(source);
    const asked = this.#asked.get(id);
    // Whoever asked first may have been stopped since.
    if (asked !== undefined) return await asked.catch(() => this.#ask(source, signal));
    const asking = this.#ask(source, signal);
    this.#asked.set(id, asking);
    asking.catch(() => this.#asked.delete(id));
    return await asking;
  }

  /** What it was when it was last seen; undefined where nobody knows. Asks nobody. */
  async lastSeen(source: HttpSource): Promise<HttpFile | undefined> {
    return (await this.#seen.get(idOf(source)))?.file;
  }

  /** Absolute path of the bytes of a file, fetched again where they are gone. Throws `source-moved` for other bytes. */
  async path(source: HttpSource, file: HttpFile, signal: AbortSignal): Promise<string> {
    const { blobs } = this.#store;
    if ((await blobs.size(file.digest)) !== file.size) {
      this.#asked.delete(idOf(source));
      const now = await this.file(source, signal);
      if (now.digest !== file.digest) {
        throw new FailureError(sourceMoved(withoutPassword(source.url), file.digest, now.digest));
      }
    }
    return await blobs.openPath(file.digest);
  }

  async #ask(source: HttpSource, signal: AbortSignal): Promise<HttpFile> {
    const seen = await this.#seen.get(idOf(source));
    const isThere = seen !== undefined && (await this.#store.blobs.size(seen.file.digest)) === seen.file.size;
    const known = isThere ? seen : undefined;
    if (known !== undefined && source.checksum !== undefined) return known.file;
    const authorization = await this.#logins.headerFor(source);
    const question = {
      url: source.url,
      headers: {
        ...(known !== undefined && conditionsOf(known)),
        ...(authorization !== undefined && { authorization }),
      },
      isVerified: source.checksum !== undefined,
    };
    return await this.#client().get(question, (answer) => this.#take(source, { answer, known }, signal), signal);
  }

  async #take(
    source: HttpSource,
    { answer, known }: { readonly answer: HttpAnswer; readonly known: Seen | undefined },
    signal: AbortSignal,
  ): Promise<HttpFile> {
    const { etag, 'last-modified': lastModified } = answer.headers;
    if (known !== undefined && (answer.status === 304 || isSame(known.etag, etag))) return known.file;
    const { checksum } = source;
    // Blobs are named by their sha256, which is computed on the way in any case.
    const other = checksum === undefined || checksum.startsWith('sha256:') ? undefined : hashFor(checksum);
    const writer = this.#store.blobs.writer();
    try {
      await pipeline(Readable.from(hashed(answer.body, other), { objectMode: false }), writer, { signal });
      const { digest, size } = await writer.commit();
      const found = other === undefined ? digest : `${algorithmIn(checksum!)}:${other.digest('hex')}`;
      if (checksum !== undefined && found !== checksum) {
        throw new FailureError(sourceChecksumMismatch(withoutPassword(source.url), checksum, found));
      }
      const name = source.name === undefined ? nameIn(answer.headers['content-disposition']) : undefined;
      const modified = secondsOf(lastModified);
      const file: HttpFile = { type: 'http', digest, size, modified, ...(name !== undefined && { name }) };
      await this.#seen.append(idOf(source), {
        file,
        ...(etag !== undefined && { etag }),
        ...(lastModified !== undefined && { lastModified }),
      });
      return file;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}

/** A login in the address may decide what is given out, and is written down nowhere. */
function idOf({ url, checksum }: HttpSource): string {
  const address = withoutPassword(url);
  const login = address === url ? '' : ` ${digestOf(url)}`;
  return `${address}${login}${checksum === undefined ? '' : ` ${checksum}`}`;
}

function conditionsOf({ etag, lastModified }: Seen): Readonly<Record<string, string>> {
  return {
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  };
}

/** Some servers send tags and know nothing of conditions. */
function isSame(before: string | undefined, now: string | undefined): boolean {
  const strong = (etag: string) => etag.replace(/^W\//, '');
  return before !== undefined && now !== undefined && strong(before) === strong(now);
}

async function* hashed(body: AsyncIterable<Uint8Array>, hash: Hash | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash?.update(chunk);
    yield chunk;
  }
}

function hashFor(checksum: string): Hash {
  return createHash(algorithmIn(checksum));
}

function algorithmIn(checksum: string): string {
  return checksum.slice(0, checksum.indexOf(':'));
}

/** 0 for what is no time. */
function secondsOf(date: string | undefined): number {
  const milliseconds = Date.parse(date ?? '');
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** https://www.rfc-editor.org/rfc/rfc6266#section-4.3: of a path its last component alone counts. */
function nameIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const extended = /;\s*filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  const plain = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header);
  const text = extended === undefined ? (plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2]) : decoded(extended);
  const name = text?.split(/[/\\]/).at(-1);
  return name === undefined || /^\.{0,2}$|\0/.test(name) ? undefined : name;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
