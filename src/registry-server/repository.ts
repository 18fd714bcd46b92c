import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Descriptor } from '../oci/descriptor.ts';
import { Digest, digestFromHex, hexOf } from '../oci/digest.ts';
import { replaceFile, syncDirectory } from '../store/atomic-file.ts';
import type { Store } from '../store/store.ts';

/** A manifest or an index as a repository knows it; its bytes are in the store. */
export interface StoredManifest {
  readonly digest: Digest;
  /** The one it was pushed with. */
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * What belongs to one repository. The bytes are shared by all and lie in the store; here are only the names.
 *
 *     <storage>/repositories/<name>/
 *     ├── _blobs/<hex>                        empty: this blob was pushed or mounted here; 64 digits are a sha256, 128 a sha512
 *     ├── _manifests/<hex>                    its media type
 *     ├── _tags/<tag>                         a digest
 *     └── _referrers/<subject>/<hex>          the descriptor of a manifest with this `subject`
 */
export class Repository {
  readonly name: string;
  readonly #root: string;
  readonly #store: Store;

  constructor(name: string, root: string, store: Store) {
    this.name = name;
    this.#root = root;
    this.#store = store;
  }

  /** Something was pushed to it once. */
  async exists(): Promise<boolean> {
    return (await isThere(this.#blobs)) || (await isThere(this.#manifests));
  }

  /** In bytes; undefined where the blob does not belong to this repository. */
  async blobSize(digest: Digest): Promise<number | undefined> {
    return (await isThere(join(this.#blobs, hexOf(digest)))) ? this.#store.blobs.size(digest) : undefined;
  }

  /** The bytes must be in the store. */
  async addBlob(digest: Digest): Promise<void> {
    const path = join(this.#blobs, hexOf(digest));
    await withDirectory(path, () => writeFile(path, ''));
  }

  async removeBlob(digest: Digest): Promise<void> {
    await rm(join(this.#blobs, hexOf(digest)), { force: true });
  }

  async manifest(digest: Digest): Promise<StoredManifest | undefined> {
    const mediaType = await textOf(join(this.#manifests, hexOf(digest)));
    const size = mediaType === undefined ? undefined : await this.#store.blobs.size(digest);
    return mediaType === undefined || size === undefined ? undefined : { digest, mediaType, size };
  }

  /** Blobs before manifests, manifests before tags: what a name leads to is complete, also after a power cut. */
  async addManifest(
    manifest: Descriptor,
    referrer: { subject: Digest; descriptor: Descriptor } | undefined,
  ): Promise<void> {
    if (await isThere(this.#blobs)) await syncDirectory(this.#blobs);
    await syncDirectory(this.#store.paths.blobs);
    if (referrer !== undefined) {
      await this.#write(this.#referrer(referrer.subject, manifest.digest), JSON.stringify(referrer.descriptor));
    }
    await this.#write(join(this.#manifests, hexOf(manifest.digest)), manifest.mediaType);
  }

  async removeManifest(digest: Digest, subject: Digest | undefined): Promise<void> {
    for (const tag of await this.tags()) {
      if ((await this.tagged(tag)) === digest) await this.removeTag(tag);
    }
    await rm(join(this.#manifests, hexOf(digest)), { force: true });
    if (subject !== undefined) await rm(this.#referrer(subject, digest), { force: true });
  }

  async tags(): Promise<readonly string[]> {
    return namesIn(this.#tags);
  }

  async tagged(tag: string): Promise<Digest | undefined> {
    const text = await textOf(join(this.#tags, tag));
    return text === undefined ? undefined : Digest.parse(text.trim());
  }

  async setTag(tag: string, digest: Digest): Promise<void> {
    await this.#write(join(this.#tags, tag), digest);
  }

  async removeTag(tag: string): Promise<void> {
    await rm(join(this.#tags, tag), { force: true });
  }

  /** Descriptors of what has `subject`, in the order of their digests. */
  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    const directory = join(this.#root, '_referrers', hexOf(subject));
    const found: Descriptor[] = [];
    for (const name of [...(await namesIn(directory))].sort()) {
      const text = await textOf(join(directory, name));
      // One whose manifest did not get written before a kill is not listed.
      if (text !== undefined && (await isThere(join(this.#manifests, name)))) found.push(JSON.parse(text));
    }
    return found;
  }

  /** Everything whose bytes this repository needs. */
  async contents(): Promise<readonly Digest[]> {
    const names = [...(await namesIn(this.#blobs)), ...(await namesIn(this.#manifests))];
    return names.map(digestFromHex);
  }

  async #write(path: string, text: string): Promise<void> {
    await withDirectory(path, () =>
      replaceFile({ path, bytes: text, temp: this.#store.session.tempPath('repository') }),
    );
  }

  get #blobs(): string {
    return join(this.#root, '_blobs');
  }

  get #manifests(): string {
    return join(this.#root, '_manifests');
  }

  get #tags(): string {
    return join(this.#root, '_tags');
  }

  #referrer(subject: Digest, manifest: Digest): string {
    return join(this.#root, '_referrers', hexOf(subject), hexOf(manifest));
  }
}

/** Most directories are there already: they are made only when the file could not be. */
async function withDirectory(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    await write();
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return orUndefined(readFile(path, 'utf8'));
}

async function isThere(path: string): Promise<boolean> {
  return (await orUndefined(stat(path))) !== undefined;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await orUndefined(readdir(directory))) ?? [];
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
