import { type AnnotationLevel, annotationLevels, type PlacedAnnotation } from '../../oci/placed-annotation.ts';
import { formatPlatform, parsePlatform } from '../../oci/platform.ts';

/** What completes "can't be …", and the text to write instead. */
interface AnnotationProblem {
  readonly message: string;
  readonly hint: string;
}

type Read<T> = { readonly found: T } | AnnotationProblem;
type Place = Pick<PlacedAnnotation, 'level' | 'platform'>;

const levels = `${annotationLevels.slice(0, -1).join(', ')} or ${annotationLevels.at(-1)}`;

/** cip finds by these what an image was made of. */
const ownNames = /^(?:io\.github\.container-image-pipelines\.|org\.opencontainers\.image\.base\.(?:name|digest)$)/;

/**
 * `[LEVEL[PLATFORM],…:]NAME=VALUE` as `docker buildx build --annotation` reads it: of a manifest, if no level is given.
 * https://docs.docker.com/reference/cli/docker/buildx/build/#annotation
 */
export function parseAnnotation(text: string): Read<readonly PlacedAnnotation[]> {
  const [, given = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (value === undefined) return { message: 'it has no value', hint: `write --annotation ${text}=VALUE` };
  const [, places, name = ''] = /^(?:([^:]*):)?(.*)$/s.exec(given) ?? [];
  const problem = problemWithName(name);
  if (problem !== undefined) return problem;
  const found: PlacedAnnotation[] = [];
  for (const place of places === undefined ? ['manifest'] : places.split(',')) {
    const [, level, platform] = /^([^[]*)(?:\[([^\]]*)\])?$/s.exec(place) ?? [undefined, place];
    const read = placeOf(level, platform);
    if (!('found' in read)) return read;
    found.push({ ...read.found, name, value });
  }
  return { found };
}

/**
 * `annotation[-LEVEL][[PLATFORM]].NAME`, a key of `--output`; undefined for keys that are none of annotations.
 * https://github.com/moby/buildkit/blob/v0.31.2/docs/annotations.md
 */
export function parseAnnotationKey(key: string): Read<Omit<PlacedAnnotation, 'value'>> | undefined {
  if (!/^annotation(?:[-.[]|$)/.test(key)) return undefined;
  const [, level, platform, name = ''] = /^annotation(?:-([^.[]*))?(?:\[([^\]]*)\])?\.(.*)$/s.exec(key) ?? [];
  const problem = problemWithName(name);
  if (problem !== undefined) return problem;
  const place = placeOf(level, platform);
  return 'found' in place ? { found: { ...place.found, name } } : place;
}

function placeOf(level = 'manifest', platform: string | undefined): Read<Place> {
  if (!isLevel(level))
    return { message: `an annotation is of ${levels}, not of "${level}"`, hint: 'write manifest:NAME=VALUE' };
  if (platform === undefined) return { found: { level } };
  if (level.startsWith('index'))
    return { message: 'an index is of all platforms', hint: `write ${level} without [${platform}]` };
  const parsed = parsePlatform(platform);
  if (!parsed.ok) return { message: parsed.failure[0].message, hint: parsed.failure[0].hint ?? 'write linux/amd64' };
  return { found: { level, platform: formatPlatform(parsed.value) } };
}

function problemWithName(name: string): AnnotationProblem | undefined {
  if (name === '' || /\s/.test(name))
    return { message: name === '' ? 'it has no name' : 'its name has blanks', hint: 'write NAME=VALUE' };
  if (ownNames.test(name)) return { message: `${name} is written by cip itself`, hint: 'use another name' };
  return undefined;
}

function isLevel(text: string): text is AnnotationLevel {
  return (annotationLevels as readonly string[]).includes(text);
}
