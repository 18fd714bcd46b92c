import type { Descriptor } from '../../oci/descriptor.ts';
import { formatReference } from '../../oci/reference.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';

/** Names in the store, where the image is already. All of them are set at once. */
export class StoreExporter implements Exporter {
  readonly type = 'store';
  readonly #services: Pick<ExportServices, 'store'>;

  constructor(services: Pick<ExportServices, 'store'>) {
    this.#services = services;
  }

  async export({ image, names }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    await this.#services.store.refs.set(new Map(names.map((name) => [formatReference(name), image])), signal);
    return image;
  }
}
