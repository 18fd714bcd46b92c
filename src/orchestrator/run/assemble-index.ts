import { annotations } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Document, makeDocument } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { isAttestation } from '../../oci/platform-match.ts';
import {
  basesIn,
  type Identity,
  identityAnnotations,
  indexAnnotations,
  keyIn,
  ownersLostIn,
} from '../state/index-keys.ts';

/** Some of an index: the manifests to take from it, and the attestations to those come along. */
export interface IndexPart {
  readonly document: Document<ImageIndex>;
  readonly take: ReadonlySet<Digest>;
}

/** The manifest that an attestation is about, as BuildKit writes it. */
const attestsTo = 'vnd.docker.reference.digest';

/**
 * One index of parts of several, in their order; entries go over as they are. `identities` are by manifest: where an
 * entry does not show its own, it is put there, so that one request tells those of all platforms. An index that is taken
 * whole and alone, and shows them, is returned itself and so keeps its digest.
 */
export function assembleIndex(
  parts: readonly IndexPart[],
  identities: ReadonlyMap<Digest, Identity>,
): Document<ImageIndex> {
  const used = parts.filter(({ take }) => take.size > 0);
  const [first] = used;
  if (first === undefined) throw new Error('an index of nothing');
  const entries = used.flatMap(entriesOf);
  const manifests = entries.map((entry) => withIdentity(entry, identities.get(entry.digest)));
  const isWhole = used.length === 1 && entries.length === first.document.value.manifests.length;
  if (isWhole && manifests.every((entry, index) => entry === entries[index])) return first.document;

  const { annotations: old = {}, ...rest } = first.document.value;
  return makeDocument(mediaTypes.imageIndex, {
    ...rest,
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests,
    annotations: { ...withoutKey(old), ...keysTogether(manifests) },
  });
}

function entriesOf({ document, take }: IndexPart): readonly Descriptor[] {
  return document.value.manifests.filter(
    (entry) => take.has(entry.digest) || (isAttestation(entry) && take.has(entry.annotations?.[attestsTo] as Digest)),
  );
}

function withIdentity(entry: Descriptor, identity: Identity | undefined): Descriptor {
  if (identity === undefined || shows(entry, identity)) return entry;
  return { ...entry, annotations: { ...entry.annotations, ...identityAnnotations(identity) } };
}

function shows({ annotations: found }: Descriptor, { key, bases, ownersLost }: Identity): boolean {
  if (ownersLost === true && !ownersLostIn(found)) return false;
  return keyIn(found) === key && (bases === undefined || basesIn(found)?.digest === bases.digest);
}

/** Nothing if one of the platforms has no key. */
function keysTogether(manifests: readonly Descriptor[]): Readonly<Record<string, string>> {
  const keys = manifests
    .filter((entry) => !isAttestation(entry))
    .map(({ platform, annotations: found }) => ({ platform, key: keyIn(found) }));
  const known = keys.flatMap(({ platform, key }) => (platform && key ? [[platform, key] as const] : []));
  return known.length === keys.length ? indexAnnotations(known) : {};
}

function withoutKey(old: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { [annotations.buildKey]: _key, [annotations.buildKeySchema]: _schema, ...rest } = old;
  return rest;
}
