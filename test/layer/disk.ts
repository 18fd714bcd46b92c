import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What is below a directory, read by other means than those under test: `path` → `type mode uid:gid mtime what`, where
 * `what` is the content, the target or the numbers of a device. Directories end in a slash. Times only where asked for.
 */
export function onDisk(root: string, options: { readonly times?: boolean } = {}): Record<string, string> {
  const found: Record<string, string> = {};
  const descend = (path: string) => {
    for (const name of readdirSync(join(root, path)).sort()) {
      const child = path === '' ? name : `${path}/${name}`;
      const place = join(root, child);
      const stat = lstatSync(place);
      const time = options.times === true ? ` ${Math.floor(stat.mtimeMs / 1000)}` : '';
      const owned = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}${time}`;
      if (stat.isDirectory()) {
        found[`${child}/`] = `d ${owned}`;
        descend(child);
      } else if (stat.isSymbolicLink()) found[child] = `l ${owned} ${readlinkSync(place)}`;
      else if (stat.isFile()) found[child] = `f ${owned} ${readFileSync(place, 'utf8')}`;
      else if (stat.isFIFO()) found[child] = `p ${owned}`;
      else found[child] = stat.rdev === 0 ? 'whiteout' : `c ${owned} ${stat.rdev >> 8},${stat.rdev & 0xff}`;
    }
  };
  descend('');
  return found;
}
