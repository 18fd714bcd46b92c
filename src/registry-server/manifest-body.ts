import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { ImageIndex } from '../oci/image-index.ts';
import { Manifest } from '../oci/manifest.ts';
import { isDocumentType, isForeignLayer, isIndexType } from '../oci/media-type.ts';
import { RegistryError } from './errors.ts';

/** What a registry must know about a manifest or an index. */
export interface ManifestBody {
  readonly mediaType: string;
  /** What it needs in the repository; nothing for an index. */
  readonly blobs: readonly Digest[];
  /** What it is about; need not be there. */
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/**
 * `contentType` is the header it came with; where there is none, the document itself must say what it is.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export function parseManifest(bytes: Buffer, contentType: string | undefined): ManifestBody {
  const json = parseJson(bytes);
  const own = typeof json === 'object' && json !== null && 'mediaType' in json ? json.mediaType : undefined;
  const mediaType = contentType?.split(';')[0]?.trim() ?? own;
  if (typeof mediaType !== 'string' || !isDocumentType(mediaType)) {
    throw invalid('the media type is not one of a manifest', { mediaType });
  }
  if (own !== undefined && own !== mediaType) {
    throw invalid('the media type in the manifest is another than the Content-Type', { mediaType: own });
  }
  return isIndexType(mediaType) ? indexBody(mediaType, json) : manifestBody(mediaType, json);
}

function indexBody(mediaType: string, json: unknown): ManifestBody {
  const { data, error } = ImageIndex.safeParse(json);
  if (data === undefined) throw invalid('not an index', issuesOf(error));
  const { subject, artifactType, annotations } = data;
  return {
    mediaType,
    blobs: [],
    subject: subject?.digest,
    artifactType: artifactType || undefined,
    annotations,
  };
}

function manifestBody(mediaType: string, json: unknown): ManifestBody {
  const { data, error } = Manifest.safeParse(json);
  if (data === undefined) throw invalid('not an image manifest', issuesOf(error));
  const { config, layers, subject, artifactType, annotations } = data;
  return {
    mediaType,
    blobs: [config, ...layers.filter((layer) => !isElsewhere(layer))].map(({ digest }) => digest),
    subject: subject?.digest,
    artifactType: artifactType || config.mediaType,
    annotations,
  };
}

/** Layers that may not be passed on stay where their URLs say. */
function isElsewhere({ mediaType, urls }: Descriptor): boolean {
  return isForeignLayer(mediaType) && urls !== undefined && urls.length > 0;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw invalid('not JSON', { error: (error as Error).message });
  }
}

function issuesOf(error: { readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[] }) {
  return error.issues.map(({ path, message }) => ({ at: path.join('.'), message }));
}

function invalid(message: string, detail: unknown): RegistryError {
  return new RegistryError('MANIFEST_INVALID', message, { detail });
}
