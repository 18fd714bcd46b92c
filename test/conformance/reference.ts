import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { failuresOf } from '../../src/result.ts';
import type { ConformanceBuilder, StagedCase } from './builder.ts';
import { type Case, caseDigest } from './case.ts';
import { type Node, type ReadImage, readImage } from './image.ts';

/** What came of building a case: what is in the image, or what was said when there is none. */
export type Result = { readonly image: ReadImage } | { readonly refused: string };

export interface ReferenceOptions {
  /** Asked when a result is wanted that is not there: nothing is started before. */
  readonly start: () => Promise<ConformanceBuilder & AsyncDisposable>;
  /** Where results are kept, by what they depend on; none are kept if it is not given. */
  readonly directory?: string | undefined;
  /** All but the case that an image depends on: version of the builder, digests of the bases. */
  readonly surroundings: string;
  /** Digests of bases that few cases have, by those who have them. */
  readonly basesOf?: ((one: Case) => Promise<readonly string[]>) | undefined;
  /** Servers by the names of their arguments: they stand in images, and are others in each run; `${BASES}` in what is kept. */
  readonly hosts: Readonly<Record<string, string>>;
  /** In seconds: what was made since then has a time that nobody defined. */
  readonly began: number;
}

/** A time that nobody defined: later than any run. */
const UNDEFINED = 99_999_999_999;
/** Another one for each form of what is kept. */
const FORM = 1;

/** An image with names that are not UTF-8, which cip refuses to make: there is nothing to compare it with. */
function unreadable(error: unknown): ReadImage {
  if (!failuresOf(error)?.some(({ reason }) => reason === 'tar-name-not-utf8')) throw error;
  return { config: {}, history: [], diffIDs: [], tree: new Map() };
}

/** What BuildKit makes of cases; of each once, as long as it stays as it is. */
export class Reference implements AsyncDisposable {
  readonly #options: ReferenceOptions;
  #builder: Promise<ConformanceBuilder & AsyncDisposable> | undefined;

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /** `stage` makes the context, if it is needed. */
  async resultOf(one: Case, stage: () => Promise<StagedCase>): Promise<Result> {
    const file = await this.#fileFor(one);
    const kept = file === undefined ? undefined : await readFile(file).catch(() => undefined);
    if (kept !== undefined)
      return resultFrom(
        this.#hosts((text, name, host) => text.replaceAll(`\${${name}}`, host), gunzipSync(kept).toString()),
      );
    this.#builder ??= this.#options.start();
    const built = await (await this.#builder).build(await stage());
    return 'refused' in built ? built : { image: await readImage(built.layout).catch(unreadable) };
  }

  /** Keeps a result for later runs. What was refused may have failed for another reason: `resultOf()` is asked again. */
  async keep(one: Case, result: Result): Promise<void> {
    const file = await this.#fileFor(one);
    if (file === undefined) return;
    const made = textOf(result, this.#options.began);
    const text = this.#hosts((all, name, host) => all.replaceAll(host, `\${${name}}`), made);
    const unfinished = `${file}.${randomUUID()}`;
    await mkdir(this.#options.directory!, { recursive: true });
    await writeFile(unfinished, gzipSync(text));
    await rename(unfinished, file);
  }

  #hosts(replace: (text: string, name: string, host: string) => string, text: string): string {
    return Object.entries(this.#options.hosts).reduce((all, [name, host]) => replace(all, name, host), text);
  }

  async #fileFor(one: Case): Promise<string | undefined> {
    const { directory, surroundings, basesOf } = this.#options;
    if (directory === undefined) return undefined;
    const bases = (await basesOf?.(one)) ?? [];
    const key = createHash('sha256').update(JSON.stringify([FORM, surroundings, await caseDigest(one), ...bases]));
    return join(directory, `${key.digest('hex')}.json.gz`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#builder)?.[Symbol.asyncDispose]();
  }
}

/** Names of one file share a number. */
export function textOf(result: Result, began: number): string {
  if ('refused' in result) return JSON.stringify(result);
  const { tree, ...image } = result.image;
  const files = [...new Set(tree.values())];
  const number = new Map(files.map((file, index) => [file, index]));
  const defined = files.map((file) => ({ ...file, mtime: file.mtime < began ? file.mtime : UNDEFINED }));
  return JSON.stringify({ ...image, files: defined, names: [...tree].map(([path, file]) => [path, number.get(file)]) });
}

export function resultFrom(text: string): Result {
  const kept = JSON.parse(text) as
    | { readonly refused: string }
    | (Omit<ReadImage, 'tree'> & { readonly files: readonly Node[]; readonly names: readonly [string, number][] });
  if ('refused' in kept) return kept;
  const { files, names, ...image } = kept;
  return { image: { ...image, tree: new Map(names.map(([path, number]) => [path, files[number]!])) } };
}
