import type { Readable } from 'node:stream';
import { FailureError } from '../result.ts';
import type { ContentSource } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { Document } from './document.ts';
import { documentNotUnderstood, documentTooLarge } from './failure.ts';
import { ImageConfig } from './image-config.ts';
import type { ImageIndex } from './image-index.ts';
import type { Manifest } from './manifest.ts';
import { type ParsedDocument, parseAs, parseDocument, startOf } from './parse-document.ts';
import { Verifier } from './verify-stream.ts';

/** Bytes; https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests asks for 4 MiB. */
export const maxManifestSize = 4 << 20;
/** Bytes. */
const maxConfigSize = 8 << 20;
const configKind = 'the configuration of an image';

/** A manifest or an index of a source. `kind` tells which. */
export type ImageDocument =
  | (Document<Manifest> & { readonly kind: 'manifest' })
  | (Document<ImageIndex> & { readonly kind: 'index' });

/**
 * Reads and checks a manifest or an index of at most `maxManifestSize` bytes. Throws FailureError:
 * `document-too-large`, `document-not-understood`, and as the source does.
 */
export async function readDocument(
  source: ContentSource,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<ImageDocument> {
  refuseLargeDocument(descriptor);
  const bytes = await readBytes(source, descriptor, signal);
  const parsed = parseDocument(bytes, descriptor.mediaType, descriptor.digest);
  if (!parsed.ok) throw new FailureError(parsed.failure[0]);
  return documentOf(descriptor, bytes, parsed.value);
}

/** As `readDocument`, and an index is `document-not-understood`. */
export async function readManifest(
  source: ContentSource,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Document<Manifest>> {
  const document = await readDocument(source, descriptor, signal);
  if (document.kind === 'manifest') return document;
  throw new FailureError(
    documentNotUnderstood({ kind: 'a manifest', name: descriptor.digest }, 'it is an index', startOf(document.bytes)),
  );
}

/** As `readDocument`, and a manifest is `document-not-understood`. */
export async function readIndex(
  source: ContentSource,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Document<ImageIndex>> {
  const document = await readDocument(source, descriptor, signal);
  if (document.kind === 'index') return document;
  throw new FailureError(
    documentNotUnderstood({ kind: 'an index', name: descriptor.digest }, 'it is a manifest', startOf(document.bytes)),
  );
}

/** Reads and checks the configuration that a manifest names. Throws as `readDocument` does. */
export async function readConfig(
  source: ContentSource,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Document<ImageConfig>> {
  if (descriptor.size > maxConfigSize) throw new FailureError(documentTooLarge(configKind, descriptor, maxConfigSize));
  const bytes = await readBytes(source, descriptor, signal);
  const parsed = parseAs(ImageConfig, bytes, { kind: configKind, name: descriptor.digest });
  if (!parsed.ok) throw new FailureError(parsed.failure[0]);
  return { descriptor, bytes, value: parsed.value };
}

/**
 * Joins what was parsed with the bytes it was parsed from, which are what gets stored or sent: writing JSON anew would
 * change the digest.
 */
export function documentOf(descriptor: Descriptor, bytes: Uint8Array, parsed: ParsedDocument): ImageDocument {
  return parsed.kind === 'index'
    ? { kind: 'index', descriptor, bytes, value: parsed.value }
    : { kind: 'manifest', descriptor, bytes, value: parsed.value };
}

/** Throws `document-too-large` where the descriptor of a manifest or an index says more than `maxManifestSize` bytes. */
export function refuseLargeDocument(descriptor: Descriptor): void {
  if (descriptor.size <= maxManifestSize) return;
  throw new FailureError(documentTooLarge('a manifest or an index', descriptor, maxManifestSize));
}

/** All bytes of a small blob, verified once more: a source is not always what it should be. */
async function readBytes(source: ContentSource, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  return await collect(await source.open(descriptor, signal), descriptor, 'the source');
}

/** The bytes of a stream that is known to be short, verified. `where` is for people: who gives them. */
export async function collect(stream: Readable, descriptor: Descriptor, where: string): Promise<Uint8Array> {
  const verifier = new Verifier(descriptor, where);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    verifier.update(chunk);
    chunks.push(chunk);
  }
  verifier.finish();
  return Buffer.concat(chunks);
}
