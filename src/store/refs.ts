import { readFile, stat } from 'node:fs/promises';
import type { Descriptor } from '../oci/descriptor.ts';
import { ImageIndex } from '../oci/image-index.ts';
import { FailureError } from '../result.ts';
import { replaceFile, syncDirectory } from './atomic-file.ts';
import { explained, indexUnreadable, systemErrorCode } from './failure.ts';
import type { Lock } from './lock.ts';
import type { StorePaths } from './paths.ts';
import type { Session } from './session.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
const nameAnnotation = 'org.opencontainers.image.ref.name';

/**
 * Names of images: full reference → descriptor, in the `index.json` of the OCI image layout. Entries and fields that
 * other tools have put there are kept.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export class Refs {
  readonly #paths: StorePaths;
  readonly #session: Session;
  readonly #lock: Lock;
  #read: { readonly version: string; readonly index: ImageIndex } | undefined;

  constructor(paths: StorePaths, session: Session, lock: Lock) {
    this.#paths = paths;
    this.#session = session;
    this.#lock = lock;
  }

  /** With the annotations and the platform it was set with. */
  async get(name: string): Promise<Descriptor | undefined> {
    const { manifests } = await this.#index();
    const entry = manifests.find((descriptor) => nameOf(descriptor) === name);
    return entry === undefined ? undefined : unnamed(entry);
  }

  /** All that have a name, in the order of the file. Of two entries with one name the first counts. */
  async list(): Promise<ReadonlyMap<string, Descriptor>> {
    return namesOf((await this.#index()).manifests);
  }

  /** Every entry, also those without a name that other tools may have made. */
  async roots(): Promise<readonly Descriptor[]> {
    return (await this.#index()).manifests;
  }

  /** All at once: readers see either none or all of them. What they name should be in the store already. */
  async set(entries: ReadonlyMap<string, Descriptor>, signal: AbortSignal): Promise<void> {
    await this.change(() => entries, signal);
  }

  /**
   * As `set`, with what `choose` makes of the names that are there, which nobody else changes meanwhile. undefined
   * leaves them. Returns what it chose.
   */
  async change<T extends ReadonlyMap<string, Descriptor> | undefined>(
    choose: (names: ReadonlyMap<string, Descriptor>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    let chosen!: T;
    await this.#update((manifests) => {
      chosen = choose(namesOf(manifests));
      const entries = chosen ?? new Map<string, Descriptor>();
      if (entries.size === 0) return manifests;
      const added = [...entries].map(([name, descriptor]) => named(name, descriptor));
      return [...without(manifests, (name) => entries.has(name)), ...added];
    }, signal);
    return chosen;
  }

  /** Names that are not there are ignored. Returns those that were. */
  async remove(names: Iterable<string>, signal: AbortSignal): Promise<readonly string[]> {
    const unwanted = new Set(names);
    let removed: readonly string[] = [];
    await this.#update((manifests) => {
      removed = [...unwanted].filter((name) => manifests.some((descriptor) => nameOf(descriptor) === name));
      return removed.length === 0 ? manifests : without(manifests, (name) => unwanted.has(name));
    }, signal);
    return removed;
  }

  async #update(
    change: (manifests: readonly Descriptor[]) => readonly Descriptor[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#lock.hold(async () => {
      const index = await this.#index();
      const manifests = change(index.manifests);
      if (manifests === index.manifests) return;
      try {
        await syncDirectory(this.#paths.blobs); // a name never outlives, in a power cut, what it stands for
        await replaceFile({
          path: this.#paths.index,
          bytes: JSON.stringify({ ...index, manifests }),
          temp: this.#session.tempPath('index'),
        });
      } catch (error) {
        throw explained(error, this.#paths.index);
      }
    }, signal);
  }

  /** Read again only when the file is another one. */
  async #index(): Promise<ImageIndex> {
    const path = this.#paths.index;
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path);
      const version = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      if (this.#read?.version !== version) this.#read = { version, index: await readIndex(path) };
      return this.#read.index;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT')
        throw new FailureError(indexUnreadable(path, 'it is missing'), { cause: error });
      throw explained(error, path);
    }
  }
}

async function readIndex(path: string): Promise<ImageIndex> {
  const text = await readFile(path, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FailureError(indexUnreadable(path, (error as Error).message), { cause: error });
  }
  const parsed = ImageIndex.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FailureError(indexUnreadable(path, `${issue?.message} at ${issue?.path.join('.')}`), {
    cause: parsed.error,
  });
}

function namesOf(manifests: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  const names = new Map<string, Descriptor>();
  for (const descriptor of manifests) {
    const name = nameOf(descriptor);
    if (name !== undefined && !names.has(name)) names.set(name, unnamed(descriptor));
  }
  return names;
}

function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[nameAnnotation];
}

function named(name: string, descriptor: Descriptor): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [nameAnnotation]: name } };
}

function unnamed(descriptor: Descriptor): Descriptor {
  const { annotations: { [nameAnnotation]: _, ...annotations } = {}, ...rest } = descriptor;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function without(manifests: readonly Descriptor[], isUnwanted: (name: string) => boolean): readonly Descriptor[] {
  return manifests.filter((descriptor) => !isUnwanted(nameOf(descriptor) ?? ''));
}
