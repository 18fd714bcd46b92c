import { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { canonicalDigest, sortedEntries } from '../key/canonical.ts';

/**
 * What an image of one platform was built on besides its own sources: external images as full references
 * (`docker.io/library/debian:12`), each with the digest that was used, and parents of the project by name, each with the
 * digest of its own bases, and with those of another platform where a stage takes it for that and they are others.
 * Parents without any are left out. Names of images have no slash, so the two never meet.
 */
export type BaseList = Readonly<Record<string, Digest>>;

/** The second half of an image's identity, beside its build key (ADR 0019). */
export interface Bases {
  readonly digest: Digest;
  readonly list: BaseList;
}

/** The digest is over the sorted entries: the order of FROMs in a Dockerfile does not change it. */
export function basesOf(list: BaseList): Bases {
  return { digest: canonicalDigest(sortedEntries(list)), list };
}

/** Of an image that no external image is part of. */
export const noBases: Bases = basesOf({});

/** One external image, or one parent, that is no longer what it was. */
export interface BaseMove {
  /** A full reference, or the name of a parent. */
  readonly name: string;
  readonly before?: Digest | undefined;
  /** Absent where it is no longer used. */
  readonly after?: Digest | undefined;
}

/** By name, sorted. Empty for equal lists. */
export function movesBetween(before: BaseList, after: BaseList): readonly BaseMove[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) =>
    before[name] === after[name] ? [] : [{ name, before: before[name], after: after[name] }],
  );
}

/** The name of a parent that is taken for another platform than its child is built for: without blank or slash. */
export function otherPlatform(parent: string, platform: Platform): string {
  return `${parent}(${formatPlatform(platform).replaceAll('/', '.')})`;
}

/** The name of the image that a name in a list stands for. */
export function parentName(name: string): string {
  return name.replace(/\(.*$/, '');
}

/** Whether a name in a list is that of an external image. */
export function isExternal(name: string): boolean {
  return name.includes('/');
}

/** `docker.io/library/debian:12=sha256:… base=sha256:…`, for an annotation. */
export function formatBases(list: BaseList): string {
  return sortedEntries(list)
    .map(([name, digest]) => `${name}=${digest}`)
    .join(' ');
}

/** What `formatBases` wrote; undefined for anything else. */
export function parseBases(text: string): BaseList | undefined {
  const list: Record<string, Digest> = {};
  for (const word of text.split(' ').filter(Boolean)) {
    const at = word.lastIndexOf('=');
    const digest = Digest.safeParse(word.slice(at + 1));
    if (at <= 0 || !digest.success) return undefined;
    list[word.slice(0, at)] = digest.data;
  }
  return list;
}
