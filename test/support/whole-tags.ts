import assert from 'node:assert/strict';
import { isDocumentType } from '../../src/oci/media-type.ts';
import type { ProjectRegistry } from '../../src/orchestrator/state/project-registry.ts';
import type { ImageName } from '../../src/project/image-name.ts';

const never = new AbortController().signal;

/** `image:tag` → digest, of all tags of these images. Fails where a tag names something that is not all there. */
export async function wholeTags(
  place: ProjectRegistry,
  images: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const image of images as readonly ImageName[]) {
    const seen = new Set<string>();
    const repository = place.repository(image);
    const read = async (reference: string, from: string): Promise<string> => {
      const document = await repository.manifest(reference, never);
      assert.ok(document, `${image}: ${from} names ${reference}, which is not there`);
      const { digest } = document.descriptor;
      if (seen.has(digest)) return digest;
      seen.add(digest);
      const { value } = document;
      const entries = 'manifests' in value ? value.manifests : [value.config, ...value.layers];
      for (const entry of entries) {
        if (isDocumentType(entry.mediaType)) await read(entry.digest, reference);
        else assert.ok(await repository.has(entry, never), `${image}: ${reference} lacks ${entry.digest}`);
      }
      return digest;
    };
    for (const tag of await place.tags(image, never)) found[`${image}:${tag}`] = await read(tag, 'the list of tags');
  }
  return found;
}

/** The tags of these images at this version, all right: `latest` is it. */
export function assertTagged(
  tags: Readonly<Record<string, string>>,
  images: Readonly<Record<string, string>>,
  about: string,
): void {
  for (const [image, version] of Object.entries(images)) {
    const digest = tags[`${image}:${version}`];
    assert.ok(digest, `${about}: ${image}:${version} is missing`);
    assert.equal(tags[`${image}:latest`], digest, `${about}: latest of ${image} is not ${version}`);
  }
}
