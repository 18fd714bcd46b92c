import { constants, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ContentSink, ContentSource } from '../../oci/content.ts';
import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { formatReference } from '../../oci/reference.ts';
import { FailureError } from '../../result.ts';
import { type TarInput, writeTar } from '../../tar/write.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import { outputExists } from './failure.ts';
import { asUnwritable, type OutputPlace, outputPlace, unfinishedName } from './output-place.ts';
import { openPipe } from './pipe-sink.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
const nameAnnotation = 'org.opencontainers.image.ref.name';

/** `--output type=oci`: where the layout goes, and in which of its two forms. */
export interface OciLayout {
  readonly type: 'oci';
  /** Absolute. A directory must not be there, or be empty; a file is replaced, where links lead; pipes and devices are written to. */
  readonly dest: string;
  /** One file, or a directory. */
  readonly tar: boolean;
}

/**
 * An OCI image layout: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md. Each name is an entry of
 * its `index.json`; without names there is one entry.
 */
export class OciLayoutExporter implements Exporter {
  readonly type = 'oci';
  readonly #output: OciLayout;
  readonly #preparation: ExportServices['preparation'];
  readonly #from: ContentSource;

  constructor(output: OciLayout, { store, preparation }: Pick<ExportServices, 'store' | 'preparation'>) {
    this.#output = output;
    this.#preparation = preparation;
    this.#from = store.blobs;
  }

  async export({ image, names }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const { dest } = this.#output;
    const place = await outputPlace(this.#output);
    const exported = { image: await this.#preparation.prepare(image, signal), names };
    const from = { exported, signal };
    try {
      if (place.kind === 'file' || place.kind === 'directory') await this.#replace(place, from);
      else await this.#stream(place, from);
    } catch (error) {
      if (isOccupied(error))
        throw new FailureError(outputExists({ dest, tar: place.kind !== 'directory' }), { cause: error });
      throw asUnwritable(dest, error);
    }
    return exported.image;
  }

  /** Complete or not at all. */
  async #replace({ kind, path }: OutputPlace, from: Leaving): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = join(dirname(path), unfinishedName());
    try {
      if (kind === 'file') await this.#write(createWriteStream(unfinished), from);
      else await this.#writeDirectory(unfinished, from.exported, from.signal);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }

  async #stream({ kind, path }: OutputPlace, from: Leaving): Promise<void> {
    if (kind === 'pipe') return this.#write(await openPipe(path, from.signal), from);
    const device = await open(path, constants.O_WRONLY | constants.O_NOCTTY);
    await this.#write(device.createWriteStream(), from);
  }

  async #write(to: Writable, { exported, signal }: Leaving): Promise<void> {
    await pipeline(Readable.from(writeTar(this.#entries(exported, signal))), to, { signal });
  }

  async #writeDirectory(directory: string, exported: ExportedImage, signal: AbortSignal): Promise<void> {
    for (const blob of await this.#reachedBy(exported.image, signal)) {
      const path = join(directory, pathOf(blob));
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await this.#from.open(blob, signal), createWriteStream(path), { signal });
    }
    for (const [name, text] of Object.entries(documents(exported))) await writeFile(join(directory, name), text);
  }

  async *#entries(exported: ExportedImage, signal: AbortSignal): AsyncGenerator<TarInput> {
    for (const [name, text] of Object.entries(documents(exported))) {
      const bytes = Buffer.from(text);
      yield { header: headerOf(name, bytes.length), body: [bytes] };
    }
    for (const blob of await this.#reachedBy(exported.image, signal)) {
      yield { header: headerOf(pathOf(blob), blob.size), body: await this.#from.open(blob, signal) };
    }
  }

  /** Each blob once, what names others after those. */
  async #reachedBy(root: Descriptor, signal: AbortSignal): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    const sink: ContentSink = {
      has: async () => false,
      put: async (descriptor) => void found.push(descriptor),
    };
    await copyGraph(root, { from: this.#from, to: sink, concurrency: 1 }, signal);
    return found;
  }
}

/** What is written, until when. */
interface Leaving {
  readonly exported: ExportedImage;
  readonly signal: AbortSignal;
}

function documents({ image, names }: ExportedImage): Readonly<Record<string, string>> {
  const entries = names.map(formatReference).map((name) => {
    return { ...image, annotations: { ...image.annotations, [nameAnnotation]: name } };
  });
  const manifests = entries.length > 0 ? entries : [image];
  return {
    'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
    'index.json': JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests }),
  };
}

function pathOf({ digest }: Descriptor): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function headerOf(name: string, size: number): TarInput['header'] {
  return { type: 'file', name, linkName: '', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, devMajor: 0, devMinor: 0 };
}

function isOccupied(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
