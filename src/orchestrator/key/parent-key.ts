import type { ImageName } from '../../project/image-name.ts';

/**
 * What a key calls one of its parents: by name; where a stage takes it for another platform than the image is built for,
 * with that: `tool (linux/arm64)`. Of what people read it is a part as it is; it is in records of the store too.
 */
export function parentKey(name: string, otherPlatform?: string): string {
  return otherPlatform === undefined ? name : `${name} (${otherPlatform})`;
}

/** The image that `parentKey()` was given: no name has a space. */
export function imageOfParentKey(key: string): ImageName {
  const end = key.indexOf(' (');
  return (end < 0 ? key : key.slice(0, end)) as ImageName;
}
