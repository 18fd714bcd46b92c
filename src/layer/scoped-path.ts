/**
 * The form of all paths in this room: relative to the root, no leading or trailing slash, no empty component, no `.`;
 * '' is the root. undefined for a name with `..` or NUL, which no honest writer makes.
 */
export function canonicalPath(name: string): string | undefined {
  if (isCanonical(name)) return name;
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  const path = components.join('/');
  return path === '' || isCanonical(path) ? path : undefined;
}

/** Whether `path` is in that form and not the root. */
export function isCanonical(path: string): boolean {
  return path !== '' && !NOT_CANONICAL.test(path);
}

const NOT_CANONICAL = /^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)|\0/;

/**
 * Joins an untrusted path to the directory it must stay in: the one place where this is done. Says nothing of links
 * on the way: see `RealDirectories`.
 */
export function scopedPath(root: string, path: string): string {
  if (path === '') return root;
  if (!isCanonical(path)) throw new Error(`not a canonical path: ${JSON.stringify(path)}`);
  return root === '/' ? `/${path}` : `${root}/${path}`;
}

/** Each component of a canonical path, and the path up to its end; none for ''. */
export function* components(path: string): Generator<readonly [name: string, path: string], void, undefined> {
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    yield [path.slice(start, end), path.slice(0, end)];
    start = end + 1;
  }
}
