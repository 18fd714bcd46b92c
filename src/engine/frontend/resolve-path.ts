import { posix } from 'node:path';

/** An absolute, clean path; `..` never leads above the root. */
export function resolvePath(path: string, workdir: string): string {
  const cleaned = posix.normalize(posix.resolve('/', workdir, path));
  return cleaned.length > 1 ? cleaned.replace(/\/+$/, '') : cleaned;
}
