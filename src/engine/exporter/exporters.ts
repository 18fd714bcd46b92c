import { DaemonExporter, type DaemonOutput } from './daemon.ts';
import { type DockerArchive, DockerArchiveExporter } from './docker-archive.ts';
import type { Exporter, ExportServices } from './exporter.ts';
import { type FilesDirectory, FilesDirectoryExporter } from './files-directory.ts';
import { type FilesTar, FilesTarExporter } from './files-tar.ts';
import { type OciLayout, OciLayoutExporter } from './oci-layout.ts';
import { RegistryExporter, type RegistryOutput } from './registry.ts';
import { StoreExporter } from './store.ts';

/** Where an image is to go. Plain data: what `--output` and `--push` come to. */
export type Output =
  | { readonly type: 'store' }
  | OciLayout
  | DockerArchive
  | FilesTar
  | FilesDirectory
  | DaemonOutput
  | RegistryOutput;

/** A row per form, or it does not compile. */
type Exporters = {
  readonly [T in Output['type']]: (output: Extract<Output, { readonly type: T }>, services: ExportServices) => Exporter;
};

const exporters: Exporters = {
  store: (_, services) => new StoreExporter(services),
  oci: (output, services) => new OciLayoutExporter(output, services),
  docker: (output, services) => new DockerArchiveExporter(output, services),
  tar: (output, services) => new FilesTarExporter(output, services),
  local: (output, services) => new FilesDirectoryExporter(output, services),
  load: (output, services) => new DaemonExporter(output, services),
  registry: (output, services) => new RegistryExporter(output, services),
};

/** The way out that an output asks for. */
export function exporterFor(output: Output, services: ExportServices): Exporter {
  const make = exporters[output.type] as (output: Output, services: ExportServices) => Exporter;
  return make(output, services);
}
