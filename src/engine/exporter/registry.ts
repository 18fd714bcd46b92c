import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { readDocument } from '../../oci/read-document.ts';
import { familiarReference, formatReference, tagOrDigest } from '../../oci/reference.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';

/** Each name of the image in its registry. A tag is set when all that it leads to is there. */
export class RegistryExporter implements Exporter {
  readonly type = 'registry';
  readonly #services: ExportServices;

  constructor(services: ExportServices) {
    this.#services = services;
  }

  async export({ image, names }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const { store, preparation, repository, progress } = this.#services;
    const sent = await preparation.prepare(image, signal);
    const { bytes } = await readDocument(store.blobs, sent, signal);
    for (const name of names) {
      const remote = await repository(name);
      await copyGraph(sent, { from: store.blobs, to: remote }, signal);
      await remote.putManifest(tagOrDigest(name), { descriptor: sent, bytes }, signal);
      const pushed = { image: familiarReference(name), reference: formatReference(name), digest: sent.digest };
      progress.emit({ type: 'image-pushed', ...pushed });
    }
    return sent;
  }
}
