import type { Descriptor } from '../../oci/descriptor.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import { type FilesOptions, ImageFiles } from './image-files.ts';
import { writeTarOutput } from './output-file.ts';
import { outputPlace } from './output-place.ts';

/** `--output type=tar`: the files of the image. */
export interface FilesTar extends FilesOptions {
  readonly type: 'tar';
  /** Absolute; as that of an OCI layout in a tar. */
  readonly dest: string;
}

/** A tar of the root file system. */
export class FilesTarExporter implements Exporter {
  readonly type = 'tar';
  readonly #output: FilesTar;
  readonly #store: ExportServices['store'];

  constructor(output: FilesTar, { store }: Pick<ExportServices, 'store'>) {
    this.#output = output;
    this.#store = store;
  }

  async export({ image }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const { dest } = this.#output;
    const found = { dest, place: await outputPlace({ dest, tar: true }) };
    await writeTarOutput(found, new ImageFiles(this.#store).of(image, this.#output, signal), signal);
    return image;
  }
}
