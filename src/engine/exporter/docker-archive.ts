import type { Descriptor } from '../../oci/descriptor.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import { type LayoutOutput, writeLayout } from './oci-layout.ts';

/** `--output type=docker,dest=FILE`. */
export interface DockerArchive extends LayoutOutput {
  readonly type: 'docker';
}

/**
 * What `docker load` takes, and an OCI image layout in one. Of several platforms all are there, and Docker's part names the
 * one of this machine.
 */
export class DockerArchiveExporter implements Exporter {
  readonly type = 'docker';
  readonly #output: LayoutOutput;
  readonly #services: Pick<ExportServices, 'store' | 'preparation' | 'platform'>;

  constructor(output: LayoutOutput, services: Pick<ExportServices, 'store' | 'preparation' | 'platform'>) {
    this.#output = output;
    this.#services = services;
  }

  async export(exported: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const services = this.#services;
    return await writeLayout(exported, { output: this.#output, services, docker: services.platform }, signal);
  }
}
