import type { ImageForm } from '../../engine/exporter/image-form.ts';
import type { PlacedAnnotation } from '../../oci/placed-annotation.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Failure, Result } from '../../result.ts';
import { parseAnnotationKey } from './annotation-text.ts';

/** The image as such, in a form of its own, and under names of its own in place of those of `--tag`. */
interface OfImage {
  readonly form?: ImageForm | undefined;
  readonly names?: readonly Reference[] | undefined;
}

/** An image in a file, or with `tar: false` in a directory. */
export interface LayoutToWrite extends OfImage {
  readonly type: 'oci' | 'docker';
  /** As typed; `-` for standard output, which gets a tar. */
  readonly dest: string;
  readonly tar: boolean;
}

/** The files of an image, in a tar or a directory. */
export interface FilesToWrite {
  readonly type: 'tar' | 'local';
  /** As that of an image; a directory is never `-`. */
  readonly dest: string;
  readonly splitsPlatforms?: boolean | undefined;
  /** A directory has nothing else then. */
  readonly deletesOthers?: boolean | undefined;
}

/** An image in the store, in registries, or in both. */
export interface NamedImage extends OfImage {
  readonly type: 'image' | 'registry';
  readonly isPushed: boolean;
  readonly isByDigest: boolean;
}

/** An image for Docker or Podman: `type=docker` without a file. */
interface LoadedImage {
  readonly type: 'load';
  readonly names?: readonly Reference[] | undefined;
}

/** One `--output`, as Docker and BuildKit write it. */
export type ImageOutput = LayoutToWrite | FilesToWrite | NamedImage | LoadedImage;

/** What completes "can't be …", and the text to write instead. */
interface OutputProblem {
  readonly message: string;
  readonly hint: string;
}

type ParseName = (text: string) => Result<Reference, readonly Failure[]>;
type Pairs = Readonly<Record<string, string>>;

/** Keys that say what an image looks like, besides those of annotations. */
const ofImage = [
  'name',
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'rewrite-timestamp',
];

/** Type → the keys that it may have. */
const keys: Readonly<Record<string, readonly string[]>> = {
  oci: ['dest', 'tar', ...ofImage],
  docker: ['dest', 'tar', ...ofImage],
  tar: ['dest', 'platform-split'],
  local: ['dest', 'platform-split', 'mode'],
  image: ['push', 'push-by-digest', ...ofImage],
  registry: ['push-by-digest', ...ofImage],
};
const types = Object.keys(keys);

class Problem extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** `type=oci,dest=FILE` and so on; a path alone is a directory for the files of the image, and `-` a tar of them. */
export function parseOutput(text: string, parseName: ParseName): ImageOutput | OutputProblem {
  try {
    return outputIn(text, parseName);
  } catch (error) {
    if (error instanceof Problem) return { message: error.message, hint: error.hint };
    throw error;
  }
}

function outputIn(text: string, parseName: ParseName): ImageOutput {
  const fields = fieldsIn(text);
  if (fields.length === 1 && !text.includes('='))
    return text === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: checkedDest(text, 'local') };
  const pairs = pairsOf(fields);
  const { type = '' } = pairs;
  if (type === '') throw new Problem('it has no type', instead('oci', pairs['dest']));
  const known = Object.hasOwn(keys, type) ? keys[type] : undefined;
  if (known === undefined)
    throw new Problem(`the type is ${listOf(types)}, not ${type}`, instead('oci', pairs['dest']));
  const isKnown = (key: string) =>
    known.includes(key) || (known.includes('name') && parseAnnotationKey(key) !== undefined);
  const strange = Object.keys(pairs).find((key) => key !== 'type' && !isKnown(key));
  if (strange !== undefined)
    throw new Problem(`with type=${type} it can have ${listOf(known)}, not ${strange}`, without(fields, strange));
  return parsers[type as Exclude<ImageOutput['type'], 'load'>](pairs, parseName);
}

const parsers: Readonly<
  Record<Exclude<ImageOutput['type'], 'load'>, (pairs: Pairs, parseName: ParseName) => ImageOutput>
> = {
  oci: layoutIn,
  docker: layoutIn,
  tar: filesIn,
  local: filesIn,
  image: imageIn,
  registry: imageIn,
};

function layoutIn(pairs: Pairs, parseName: ParseName): LayoutToWrite | LoadedImage {
  const type = pairs['type'] as 'oci' | 'docker';
  const tar = booleanIn(pairs, 'tar') ?? true;
  if (type === 'docker' && tar && pairs['dest'] === undefined) {
    const { form, names } = imagePart(pairs, parseName);
    if (form?.annotations !== undefined)
      throw new Problem('Docker keeps no annotations', 'write --output type=docker,dest=image.tar');
    if (form !== undefined)
      throw new Problem('what is loaded into Docker is not compressed', 'write --output type=docker,dest=image.tar');
    return { type: 'load', ...(names && { names }) };
  }
  const dest = checkedDest(pairs['dest'] ?? '', type, tar);
  return { type, dest, tar, ...imagePart(pairs, parseName) };
}

function filesIn(pairs: Pairs): FilesToWrite {
  const type = pairs['type'] as 'tar' | 'local';
  const splitsPlatforms = booleanIn(pairs, 'platform-split');
  const dest = checkedDest(pairs['dest'] ?? '', type, type === 'tar');
  const { mode = 'copy' } = pairs;
  if (mode !== 'copy' && mode !== 'delete')
    throw new Problem(`mode is copy or delete, not ${mode}`, `write --output type=local,dest=${dest},mode=delete`);
  const split = splitsPlatforms !== undefined && { splitsPlatforms };
  return { type, dest, ...split, ...(mode === 'delete' && { deletesOthers: true }) };
}

function imageIn(pairs: Pairs, parseName: ParseName): NamedImage {
  const type = pairs['type'] as 'image' | 'registry';
  const isByDigest = booleanIn(pairs, 'push-by-digest') ?? false;
  const isPushed = type === 'registry' || isByDigest || (booleanIn(pairs, 'push') ?? false);
  const part = imagePart(pairs, parseName);
  if (!isPushed && part.form?.annotations !== undefined)
    throw new Problem('annotations of an output are for what leaves the store', 'write --annotation, or push=true');
  return { type, isPushed, isByDigest, ...part };
}

function imagePart(pairs: Pairs, parseName: ParseName): OfImage {
  const form = formIn(pairs);
  const texts = (pairs['name'] ?? '').split(',').filter((name) => name !== '');
  const names = texts.map((text) => {
    const parsed = parseName(text);
    if (!parsed.ok) throw new Problem(parsed.failure[0]!.message, parsed.failure[0]!.hint ?? 'write name=NAME:TAG');
    if (parsed.value.digest !== undefined)
      throw new Problem(`the name ${text} has a digest, which is known when the image is built`, 'write name=NAME:TAG');
    return parsed.value;
  });
  return { ...(form && { form }), ...(names.length > 0 && { names }) };
}

const compressions = { uncompressed: 'none', gzip: 'gzip', zstd: 'zstd' } as const;
const levels = { none: [0, 0], gzip: [0, 9], zstd: [1, 22] } as const;

function formIn(pairs: Pairs): ImageForm | undefined {
  const { compression: word = 'gzip' } = pairs;
  const isKnown = Object.hasOwn(compressions, word);
  if (!isKnown)
    throw new Problem(
      `compression is ${listOf(Object.keys(compressions))}, not ${word}`,
      'write compression=zstd, or leave it out for gzip',
    );
  const compression = compressions[word as keyof typeof compressions];
  const isForced = booleanIn(pairs, 'force-compression') ?? false;
  const mediaTypes = (booleanIn(pairs, 'oci-mediatypes') ?? true) ? 'oci' : 'docker';
  if (compression === 'zstd' && mediaTypes === 'docker')
    throw new Problem("Docker's media types have no name for zstd", 'leave oci-mediatypes=false out, or use gzip');
  if (booleanIn(pairs, 'rewrite-timestamp') === false)
    throw new Problem(
      'rewrite-timestamp is always true: with SOURCE_DATE_EPOCH no file of a new layer is newer than that',
      'leave it out',
    );
  const level = levelIn(pairs, compression);
  const annotations = annotationsIn(pairs);
  if (annotations.length > 0 && mediaTypes === 'docker')
    throw new Problem("Docker's media types have no place for annotations", 'leave oci-mediatypes=false out');
  const isUsual = compression === 'gzip' && level === undefined && !isForced && mediaTypes === 'oci';
  if (isUsual && annotations.length === 0) return undefined;
  const annotated = annotations.length > 0 && { annotations };
  return { compression, ...(level !== undefined && { level }), isForced, mediaTypes, ...annotated };
}

function annotationsIn(pairs: Pairs): readonly PlacedAnnotation[] {
  return Object.entries(pairs).flatMap(([key, value]) => {
    const read = parseAnnotationKey(key);
    if (read === undefined) return [];
    if (!('found' in read)) throw new Problem(read.message, 'write annotation-manifest.NAME=VALUE');
    return [{ ...read.found, value }];
  });
}

function levelIn(pairs: Pairs, compression: ImageForm['compression']): number | undefined {
  const text = pairs['compression-level'];
  if (text === undefined) return undefined;
  const [least, most] = levels[compression];
  if (compression === 'none')
    throw new Problem('compression-level is for gzip and zstd', 'leave it out, or write compression=gzip');
  const level = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(level >= least && level <= most))
    throw new Problem(
      `compression-level is a number from ${least} to ${most} for ${compression}`,
      `write compression-level=${most}, or leave it out`,
    );
  return level;
}

/** The words that Go takes, and with it BuildKit. https://pkg.go.dev/strconv#ParseBool */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

function booleanIn(pairs: Pairs, key: string): boolean | undefined {
  const text = pairs[key];
  if (text === undefined) return undefined;
  const value = booleans.get(text);
  if (value === undefined)
    throw new Problem(`${key} is true or false`, key === 'tar' ? instead('oci', pairs['dest']) : `write ${key}=true`);
  return value;
}

function checkedDest(dest: string, type: 'oci' | 'docker' | 'tar' | 'local', tar = type !== 'local'): string {
  if (dest === '') throw new Problem('it has no dest', instead(type, ''));
  if (dest === '-' && !tar)
    throw new Problem(
      'a directory cannot be written to standard output',
      instead(type === 'local' ? 'tar' : type, '-'),
    );
  return dest;
}

/** As CSV: a field with a comma in it stands in quotes. */
function fieldsIn(text: string): readonly string[] {
  const found = [...text.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g)];
  return found.map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
}

function pairsOf(fields: readonly string[]): Pairs {
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf('=');
      return at < 0 ? [keyOf(field), ''] : [keyOf(field.slice(0, at)), field.slice(at + 1).trim()];
    }),
  );
}

/** Names of annotations keep their case, which means something. */
function keyOf(text: string): string {
  const key = text.trim().toLowerCase();
  return key.startsWith('annotation') ? `annotation${text.trim().slice('annotation'.length)}` : key;
}

function instead(type: string, dest = ''): string {
  return `write --output type=${type},dest=${dest || (type === 'local' ? 'files' : 'image.tar')}`;
}

function without(fields: readonly string[], key: string): string {
  const left = fields.filter((field) => field.replace(/=.*$/s, '').trim().toLowerCase() !== key);
  return `write --output ${left.map((field) => (field.includes(',') ? `"${field}"` : field)).join(',')}`;
}

function listOf(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
