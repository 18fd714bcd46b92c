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
