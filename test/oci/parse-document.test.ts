import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { parseDocument } from '../../src/oci/parse-document.ts';

const blob = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 1 };
const manifest = { schemaVersion: 2, config: blob, layers: [blob] };
const index = { schemaVersion: 2, manifests: [blob] };

function parse(value: unknown, mediaType: string) {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return parseDocument(bytes, mediaType, digestOf(bytes));
}

const good: [title: string, value: object, mediaType: string, want: [kind: string, mediaType: string]][] = [
  ['a manifest as said', manifest, mediaTypes.imageManifest, ['manifest', mediaTypes.imageManifest]],
  ['an index as said', index, mediaTypes.imageIndex, ['index', mediaTypes.imageIndex]],
  ["Docker's list", index, mediaTypes.dockerManifestList, ['index', mediaTypes.dockerManifestList]],
  [
    'a manifest by its own word',
    { ...manifest, mediaType: mediaTypes.dockerManifest },
    'application/json',
    ['manifest', mediaTypes.dockerManifest],
  ],
  ['a manifest by its fields', manifest, 'text/plain', ['manifest', mediaTypes.imageManifest]],
  ['an index by its fields', index, '', ['index', mediaTypes.imageIndex]],
];
for (const [title, value, mediaType, [kind, actual]] of good) {
  test(`parseDocument() knows ${title}`, () => {
    assert.deepEqual(parse(value, mediaType), { ok: true, value: { kind, mediaType: actual, value } });
  });
}

const bad: [title: string, value: unknown, mediaType: string, wrong: RegExp][] = [
  ['a page of HTML', '<!doctype html>\n<title>Sign in</title>', 'text/html', /not a JSON object/],
  ['an array', [], mediaTypes.imageManifest, /not a JSON object/],
  ['schema version 1', { schemaVersion: 1, fsLayers: [] }, 'application/json', /schema version 1/],
  ['an index and a manifest at once', { ...index, ...manifest }, mediaTypes.imageIndex, /at once/],
  [
    'another type than it says',
    { ...manifest, mediaType: mediaTypes.dockerManifest },
    mediaTypes.imageManifest,
    /came as/,
  ],
  ['a manifest that came as an index', manifest, mediaTypes.imageIndex, /manifests/],
  [
    'what is no image',
    { ...manifest, mediaType: 'application/x-other' },
    'application/json',
    /not a media type of images/,
  ],
  [
    'a digest that is none',
    { ...manifest, config: { ...blob, digest: 'sha256:x' } },
    mediaTypes.imageManifest,
    /config\.digest/,
  ],
  ['a negative size', { ...manifest, layers: [{ ...blob, size: -1 }] }, mediaTypes.imageManifest, /layers\.0\.size/],
];
for (const [title, value, mediaType, wrong] of bad) {
  test(`parseDocument() refuses ${title}`, () => {
    const got = parse(value, mediaType);
    assert.ok(!got.ok);
    assert.equal(got.failure[0].reason, 'document-not-understood');
    assert.match(got.failure[0].message, wrong);
  });
}

test('parseDocument() shows how the garbage begins', () => {
  const got = parse('<!doctype html>\n\n<title>Sign in</title>', 'text/html');
  assert.ok(!got.ok);
  assert.ok(got.failure[0].message.endsWith('; it begins with "<!doctype html> <title>Sign in</title>"'));
});
