import type { ContentSource } from '../oci/content.ts';
import { childrenOf } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDocumentType } from '../oci/media-type.ts';
import { formatPlatform } from '../oci/platform.ts';
import { isAttestation } from '../oci/platform-match.ts';
import { readConfig, readDocument } from '../oci/read-document.ts';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';

/** An image as `cip image ls` tells of it. */
export interface ImageSummary {
  /** As the images list them. */
  readonly platforms: readonly string[];
  /** In bytes, as they are sent: each blob once, with what attests to the image. */
  readonly size: number;
  /** As the configurations say it; the latest of several. */
  readonly created?: string | undefined;
}

/** Throws FailureError where a document of the image is missing or broken; layers are not looked at. */
export async function summaryOf(root: Descriptor, source: ContentSource, signal: AbortSignal): Promise<ImageSummary> {
  const sizes = new Map<string, number>();
  const platforms = new Set<string>();
  const times: string[] = [];
  const visit = async (descriptor: Descriptor, isImage: boolean): Promise<void> => {
    sizes.set(descriptor.digest, descriptor.size);
    if (!isDocumentType(descriptor.mediaType)) return;
    const document = await readDocument(source, descriptor, signal);
    if (document.kind === 'manifest' && isImage) {
      const { value } = await readConfig(source, document.value.config, signal);
      platforms.add(formatPlatform(value));
      if (value.created !== undefined) times.push(value.created);
    }
    for (const child of childrenOf(document)) await visit(child, isImage && !isAttestation(child));
  };
  await visit(root, true);
  const created = times.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
  return { platforms: [...platforms], size: [...sizes.values()].reduce((sum, size) => sum + size, 0), created };
}

/** As people write a name of the store: without what says nothing. */
export function familiarName(name: string): string {
  const parsed = parseReference(name);
  return parsed.ok ? familiarReference(parsed.value) : name;
}

/** The name in full that somebody means; what is no reference stays as it is, as other tools may have written it. */
export function fullName(typed: string): string {
  const parsed = parseReference(typed);
  return parsed.ok ? formatReference(parsed.value) : typed;
}

/** Whether a pattern means a name: `*` stands for anything, and without a tag or a `*` any tag is meant. */
export function matchesName(pattern: string, name: string): boolean {
  const literal = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const wanted = new RegExp(`^${literal.join('.*')}(?::[^/]*)?$`, 's');
  return wanted.test(name) || wanted.test(familiarName(name));
}
