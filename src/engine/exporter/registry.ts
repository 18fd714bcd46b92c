import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { readDocument } from '../../oci/read-document.ts';
import { familiarReference, formatReference, tagOrDigest, withDigest } from '../../oci/reference.ts';
import { toldCopies } from '../../oci/told-copies.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import type { ImageForm } from './image-form.ts';

/** `--output type=registry` and `--push`. */
export interface RegistryOutput {
  readonly type: 'registry';
  readonly form?: ImageForm | undefined;
  /** No tag is set: who knows the digest finds the image. */
  readonly isByDigest?: boolean | undefined;
}

/** Each name of the image in its registry. A tag is set when all that it leads to is there. */
export class RegistryExporter implements Exporter {
  readonly type = 'registry';
  readonly #output: RegistryOutput;
  readonly #services: ExportServices;

  constructor(output: RegistryOutput, services: ExportServices) {
    this.#output = output;
    this.#services = services;
  }

  async export({ image, names }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const { store, preparation, repository, progress } = this.#services;
    const sent = await preparation.prepare(image, signal, this.#output.form);
    const { bytes } = await readDocument(store.blobs, sent, signal);
    const { isByDigest = false } = this.#output;
    for (const name of isByDigest ? names.map((one) => withDigest({ ...one, tag: undefined }, sent.digest)) : names) {
      const remote = await repository(name);
      const title = familiarReference(name);
      const onProgress = toldCopies(progress, title);
      await copyGraph(sent, { from: store.blobs, to: remote, onProgress }, signal);
      await remote.putManifest(tagOrDigest(name), { descriptor: sent, bytes }, signal);
      const pushed = { image: title, reference: formatReference(name), digest: sent.digest };
      progress.emit({ type: 'image-pushed', ...pushed });
    }
    return sent;
  }
}
