import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * All that is in a directory, itself first, as `path type mode uid:gid mtime content`: what a layer would tell, and
 * modification times of directories to the microsecond.
 */
export function tree(root: string): readonly string[] {
  return ['', ...paths(root)].map((path) => {
    const file = join(root, path);
    const stats = lstatSync(file, { bigint: true });
    const owned = `${(stats.mode & 0o7777n).toString(8)} ${stats.uid}:${stats.gid}`;
    if (stats.isSymbolicLink()) return `${path} -> ${readlinkSync(file)} ${stats.uid}:${stats.gid}`;
    if (stats.isDirectory()) return `${path}/ ${owned} ${stats.mtimeNs / 1000n}`;
    if (!stats.isFile()) return `${path} is a device`;
    return `${path} ${owned} ${stats.size > 100n ? `${stats.size} bytes` : JSON.stringify(readFileSync(file, 'utf8'))}`;
  });
}

/** Paths alone, in order. Links are not followed. */
export function paths(root: string): readonly string[] {
  const within = (dir: string): string[] =>
    readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? [path, ...within(path)] : [path];
    });
  return within('').sort();
}
