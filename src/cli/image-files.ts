import type { ExportedImage } from '../engine/exporter/exporter.ts';
import { writeOutput } from '../engine/exporter/output-file.ts';
import { outputPlace } from '../engine/exporter/output-place.ts';
import type { Digest } from '../oci/digest.ts';
import { readDocument } from '../oci/read-document.ts';
import { formatReference } from '../oci/reference.ts';
import type { Invocation } from './invocation.ts';
import type { World } from './world.ts';

/**
 * Writes what `--iidfile` and `--metadata-file` ask for, when the image is everywhere it was wanted. The keys are those of
 * `docker buildx build`.
 */
export async function writeImageFiles(
  { image, names }: ExportedImage,
  { iidfile, metadataFile }: Pick<Invocation<'iidfile' | 'metadataFile'>['options'], 'iidfile' | 'metadataFile'>,
  world: World,
): Promise<void> {
  if (iidfile === undefined && metadataFile === undefined) return;
  const config = await configOf(image, world);
  if (iidfile !== undefined) await writeText(iidfile, config ?? image.digest, world);
  if (metadataFile === undefined) return;
  const metadata = {
    ...(config !== undefined && { 'containerimage.config.digest': config }),
    'containerimage.descriptor': image,
    'containerimage.digest': image.digest,
    ...(names.length > 0 && { 'image.name': names.map(formatReference).join(',') }),
  };
  await writeText(metadataFile, JSON.stringify(metadata, null, 2), world);
}

/** Of the image of one platform. */
async function configOf(image: ExportedImage['image'], world: World): Promise<Digest | undefined> {
  const read = await readDocument((await world.store()).blobs, image, world.signal);
  return read.kind === 'manifest' ? read.value.config.digest : undefined;
}

async function writeText(path: string, text: string, { resolve, signal }: World): Promise<void> {
  const dest = resolve(path);
  await writeOutput({ dest, place: await outputPlace({ dest, tar: true }) }, [Buffer.from(text)], signal);
}
