import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import type { ImageIndex } from '../../../src/oci/image-index.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import type { Platform } from '../../../src/oci/platform.ts';
import { assembleIndex } from '../../../src/orchestrator/run/assemble-index.ts';
import { wholePart } from '../../../src/orchestrator/run/index-parts.ts';
import { type Identity, identityAnnotations, indexAnnotations } from '../../../src/orchestrator/state/index-keys.ts';
import { amd64, arm64 } from '../workshop.ts';

function entry(text: string, platform: Platform, annotations?: Descriptor['annotations']): Descriptor {
  return {
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(text),
    size: 7,
    platform,
    ...(annotations && { annotations }),
  };
}

function index(manifests: readonly Descriptor[], annotations?: ImageIndex['annotations']) {
  const value = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests,
    ...(annotations && { annotations }),
  } as const;
  return makeDocument<ImageIndex>(mediaTypes.imageIndex, value);
}

const key = (text: string): Digest => digestOf(`key of ${text}`);
const a = entry('a', amd64, identityAnnotations({ key: key('a') }));
const b = entry('b', arm64, identityAnnotations({ key: key('b') }));
const unknown = { os: 'unknown', architecture: 'unknown' };
const aboutA = entry('about a', unknown, {
  'vnd.docker.reference.type': 'attestation-manifest',
  'vnd.docker.reference.digest': a.digest,
});
const none = new Map<Digest, Identity>();

test('assembleIndex() gives back an index that is taken whole and alone', () => {
  const document = index([a, b], { note: 'kept' });
  assert.equal(assembleIndex([wholePart(document)], none), document);
});

test('assembleIndex() joins parts in their order; entries, attestations and annotations go over', () => {
  const first = index([a, aboutA], { note: 'kept', ...indexAnnotations([[amd64, key('a')]]) });
  const joined = assembleIndex([wholePart(first), wholePart(index([b]))], none);
  assert.deepEqual(joined.value.manifests, [a, aboutA, b]);
  assert.deepEqual(joined.value.annotations, {
    note: 'kept',
    ...indexAnnotations([
      [amd64, key('a')],
      [arm64, key('b')],
    ]),
  });
});

test('assembleIndex() leaves out what is not taken, and what attests to it', () => {
  const joined = assembleIndex([{ document: index([a, aboutA, b]), take: new Set([b.digest]) }], none);
  assert.deepEqual(joined.value.manifests, [b]);
});

test('assembleIndex() shows the keys of entries that do not', () => {
  const bare = entry('a', amd64);
  const joined = assembleIndex(
    [wholePart(index([bare], { note: 'kept' }))],
    new Map([[bare.digest, { key: key('a') }]]),
  );
  assert.deepEqual(joined.value.manifests, [a]);
  assert.deepEqual(joined.value.annotations, { note: 'kept', ...indexAnnotations([[amd64, key('a')]]) });
});

test('assembleIndex() claims no key for all where one is not known', () => {
  const joined = assembleIndex(
    [wholePart(index([a], indexAnnotations([[amd64, key('a')]]))), wholePart(index([entry('c', arm64)]))],
    none,
  );
  assert.deepEqual(joined.value.annotations, {});
});
