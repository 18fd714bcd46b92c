import { chmod, link, lstat, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One thing in a directory: the text of a file of mode 644, or what it says; null where there is nothing. */
export type Entry =
  | string
  | Uint8Array
  | { readonly text: string | Uint8Array; readonly mode?: number; readonly mtime?: number }
  | { readonly link: string }
  /** Another name of a file that is there by then. */
  | { readonly hardLink: string }
  | { readonly directory: number }
  | null;

/** Path → what is there. Directories that lead to a path are made with mode 755. */
export type Entries = Readonly<Record<string, Entry>>;

/** Seconds since 1970 of all that does not say otherwise. */
const ordinaryTime = 1_600_000_000;

/** Makes the paths of a directory as they are told, and leaves all others alone. Modes do not depend on the umask. */
export async function writeTree(root: string, entries: Entries): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, entry] of Object.entries(entries)) {
    const place = join(root, path);
    await makeDirectories(root, dirname(path));
    if (typeof entry === 'object' && entry !== null && 'directory' in entry) {
      const found = await lstat(place).catch(() => undefined);
      if (found?.isDirectory() === false) await rm(place);
      await mkdir(place, { recursive: true });
      await chmod(place, entry.directory);
      continue;
    }
    await rm(place, { recursive: true, force: true });
    if (entry === null) continue;
    if (typeof entry === 'object' && 'hardLink' in entry) {
      await link(join(root, entry.hardLink), place);
      continue;
    }
    if (typeof entry === 'object' && 'link' in entry) {
      await symlink(entry.link, place);
      continue;
    }
    const { text, mode = 0o644, mtime = ordinaryTime } = isText(entry) ? { text: entry } : entry;
    // As editors do: a new file takes the place of the old one at once.
    await writeFile(`${place}.new`, text);
    await chmod(`${place}.new`, mode);
    await utimes(`${place}.new`, mtime, mtime);
    await rename(`${place}.new`, place);
  }
}

function isText(entry: Exclude<Entry, null>): entry is string | Uint8Array {
  return typeof entry === 'string' || entry instanceof Uint8Array;
}

async function makeDirectories(root: string, path: string): Promise<void> {
  if (path === '.') return;
  await makeDirectories(root, dirname(path));
  const place = join(root, path);
  if (await lstat(place).catch(() => undefined)) return;
  await mkdir(place);
  await chmod(place, 0o755);
}
