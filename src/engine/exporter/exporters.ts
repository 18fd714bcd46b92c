import type { Exporter, ExportServices } from './exporter.ts';
import { type OciLayout, OciLayoutExporter } from './oci-layout.ts';
import { RegistryExporter } from './registry.ts';
import { StoreExporter } from './store.ts';

/** Where an image is to go. Plain data: what `--output` and `--push` come to. */
export type Output = { readonly type: 'store' } | OciLayout | { readonly type: 'registry' };

/** A row per form, or it does not compile. */
type Exporters = {
  readonly [T in Output['type']]: (output: Extract<Output, { readonly type: T }>, services: ExportServices) => Exporter;
};

const exporters: Exporters = {
  store: (_, services) => new StoreExporter(services),
  oci: (output, services) => new OciLayoutExporter(output, services),
  registry: (_, services) => new RegistryExporter(services),
};

/** The way out that an output asks for. */
export function exporterFor(output: Output, services: ExportServices): Exporter {
  const make = exporters[output.type] as (output: Output, services: ExportServices) => Exporter;
  return make(output, services);
}
