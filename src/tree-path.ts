/**
 * The directory that a path of a tree is in. Paths of trees, those of contexts and layers, are relative to the root, with
 * slashes, and without dots; '' is the root. '' for a path of one component, and for the root itself.
 */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** The last component of a path of a tree; '' for the root. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of what is named `name` in a directory of a tree, which may be the root. */
export function childOf(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** Bytes of one name and of a whole path, less the NUL at its end. NAME_MAX and PATH_MAX of limits.h(0p) */
const limits = { name: 255, path: 4095 } as const;

/**
 * What of an absolute path is longer than Linux allows, to complete "it has …"; undefined for any path that can be made.
 */
export function excessOf(path: string): string | undefined {
  // No character is more than three bytes for each unit of its own.
  if (path.length * 3 <= limits.name) return undefined;
  const name = path.split('/').find((one) => Buffer.byteLength(one) > limits.name);
  if (name !== undefined) return `a name of ${Buffer.byteLength(name)} bytes, and Linux allows ${limits.name}`;
  const bytes = Buffer.byteLength(path);
  return bytes > limits.path ? `${bytes} bytes, and Linux allows ${limits.path}` : undefined;
}
