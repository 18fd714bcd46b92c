import type { Descriptor } from '../../oci/descriptor.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import type { ImageForm } from './image-form.ts';
import { type LayoutSource, layoutFiles, writeFiles } from './layout-files.ts';
import { makeOutput, writeTarOutput } from './output-file.ts';
import { outputPlace } from './output-place.ts';

/** Where a layout goes, and in which of its two forms. */
export interface LayoutOutput {
  /** Absolute. A directory must not be there, or be empty; a file is replaced, where links lead; pipes and devices are written to. */
  readonly dest: string;
  /** One file, or a directory. */
  readonly tar: boolean;
  readonly form?: ImageForm | undefined;
}

/** `--output type=oci`. */
export interface OciLayout extends LayoutOutput {
  readonly type: 'oci';
}

/** An OCI image layout. */
export class OciLayoutExporter implements Exporter {
  readonly type = 'oci';
  readonly #output: LayoutOutput;
  readonly #services: Pick<ExportServices, 'store' | 'preparation'>;

  constructor(output: LayoutOutput, services: Pick<ExportServices, 'store' | 'preparation'>) {
    this.#output = output;
    this.#services = services;
  }

  async export(exported: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    return await writeLayout(exported, { output: this.#output, services: this.#services }, signal);
  }
}

/** Writes an image layout with compressed layers, complete or not at all. Returns what the image is there. */
export async function writeLayout(
  { image, names }: ExportedImage,
  {
    output,
    services: { store, preparation },
    docker,
  }: {
    readonly output: LayoutOutput;
    readonly services: Pick<ExportServices, 'store' | 'preparation'>;
    readonly docker?: LayoutSource['docker'];
  },
  signal: AbortSignal,
): Promise<Descriptor> {
  const found = { dest: output.dest, place: await outputPlace(output) };
  const exported = { image: await preparation.prepare(image, signal, output.form), names };
  const files = layoutFiles(exported, { from: store.blobs, docker }, signal);
  if (output.tar) await writeTarOutput(found, files, signal);
  else await makeOutput(found, (unfinished) => writeFiles(files, unfinished, signal));
  return exported.image;
}
