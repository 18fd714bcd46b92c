import type { z } from 'zod';
import { failed, ok, type Result } from '../result.ts';
import { documentNotUnderstood, type ExpectedDocument } from './failure.ts';
import { ImageIndex } from './image-index.ts';
import { Manifest } from './manifest.ts';
import { isDocumentType, isIndexType, mediaTypes } from './media-type.ts';

/** The only way in which reading a document that is all there can fail; `reason` is `document-not-understood`. */
export type DocumentFailure = ReturnType<typeof documentNotUnderstood>;

/** A manifest or an index, and the media type it turned out to have. */
export type ParsedDocument =
  | { readonly mediaType: string; readonly kind: 'manifest'; readonly value: Manifest }
  | { readonly mediaType: string; readonly kind: 'index'; readonly value: ImageIndex };

/**
 * A manifest or index from its bytes. `mediaType` is what the descriptor or the Content-Type says; where that is
 * another word for JSON, the document's own fields decide. A document that is both is refused, as two readers
 * could see two images in it: https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 */
export function parseDocument(
  bytes: Uint8Array,
  mediaType: string,
  name: string,
): Result<ParsedDocument, readonly [DocumentFailure]> {
  const not = (wrong: string) => notUnderstood(bytes, { kind: 'a manifest or an index', name }, wrong);
  const json = jsonOf(bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return not('it is not a JSON object');
  if ('schemaVersion' in json && json.schemaVersion === 1) {
    return not('it is of schema version 1, which was given up in 2017');
  }
  if ('manifests' in json && ('layers' in json || 'config' in json))
    return not('it is an index and a manifest at once');

  const own = 'mediaType' in json && typeof json.mediaType === 'string' ? json.mediaType : undefined;
  if (own !== undefined && isDocumentType(mediaType) && own !== mediaType) {
    return not(`it says it is ${own} but came as ${mediaType}`);
  }
  const guess = 'manifests' in json ? mediaTypes.imageIndex : mediaTypes.imageManifest;
  const actual = isDocumentType(mediaType) ? mediaType : (own ?? guess);
  if (!isDocumentType(actual)) return not(`${actual} is not a media type of images`);

  if (isIndexType(actual)) {
    const index = ImageIndex.safeParse(json);
    return index.success
      ? ok({ mediaType: actual, kind: 'index', value: index.data })
      : not(problemsOf(index.error, json));
  }
  const manifest = Manifest.safeParse(json);
  return manifest.success
    ? ok({ mediaType: actual, kind: 'manifest', value: manifest.data })
    : not(problemsOf(manifest.error, json));
}

/** A document of one known kind, such as the configuration of an image. */
export function parseAs<T>(
  schema: z.ZodType<T>,
  bytes: Uint8Array,
  expected: ExpectedDocument,
): Result<T, readonly [DocumentFailure]> {
  const json = jsonOf(bytes);
  if (json === undefined) return notUnderstood(bytes, expected, 'it is not JSON');
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  return notUnderstood(bytes, expected, problemsOf(parsed.error, json));
}

/** The first characters, for a person to see what came instead: often a page of HTML. */
export function startOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 120)).toString('utf8').replace(/\s+/g, ' ').trim().slice(0, 80);
}

function notUnderstood(bytes: Uint8Array, expected: ExpectedDocument, wrong: string) {
  return failed<readonly [DocumentFailure]>([documentNotUnderstood(expected, wrong, startOf(bytes))]);
}

/** Levels of arrays and objects in each other. Documents of images have eight; who copies or writes them recurses. */
const deepest = 64;

/** undefined for what is not JSON, or is nested deeper than any document is. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isDeeperThan(value, deepest) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

function problemsOf(error: z.ZodError, json: unknown): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => problemOf(issue, json))
    .join('; ');
}

/** Zod speaks of the types of TypeScript, and of a missing field as one that is undefined. */
function problemOf(issue: z.core.$ZodIssue, json: unknown): string {
  const field = issue.path.join('.') || 'the document';
  if (issue.code !== 'invalid_type') return `${field}: ${issue.message}`;
  const [expected, found] = [`${issue.expected}`, typeOf(valueAt(json, issue.path))];
  return found === undefined
    ? `${field} is missing`
    : `${field} is ${withArticle(found)} and not ${withArticle(expected)}`;
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}

function typeOf(value: unknown): string | undefined {
  return value === undefined ? undefined : value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function withArticle(type: string): string {
  if (type === 'null') return type;
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
