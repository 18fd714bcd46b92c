import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A tree on disk as an object: path → `drwxr-xr-x`-less description, such as `file 644 0:0 hello`, `dir 755 5:5`,
 * `link target`, `fifo 600 0:0`. Names that share an inode with an earlier one say `same as PATH`. Text of files is as it
 * is without its last newline; more than 60 characters are told by their number.
 */
export async function treeOf(root: string, below = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  const inodes = new Map<number, string>();
  const visit = async (directory: string): Promise<void> => {
    for (const name of (await readdir(join(root, directory))).sort()) {
      const path = directory === '' ? name : `${directory}/${name}`;
      tree[path.slice(below === '' ? 0 : below.length + 1)] = await describe(join(root, path), path, inodes);
      if ((await lstat(join(root, path))).isDirectory()) await visit(path);
    }
  };
  await visit(below);
  return tree;
}

/** A file that this user may not read has a text that says so. */
async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') return '(unreadable)';
    throw error;
  });
}

async function describe(file: string, path: string, inodes: Map<number, string>): Promise<string> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) return `link ${await readlink(file)}`;
  const owner = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`;
  if (stats.isDirectory()) return `dir ${owner}`;
  if (stats.isFIFO()) return `fifo ${owner}`;
  const first = stats.nlink > 1 ? inodes.get(stats.ino) : undefined;
  if (first !== undefined) return `same as ${first}`;
  inodes.set(stats.ino, path);
  const text = (await textOf(file)).replace(/\n$/, '');
  return `file ${owner} ${text.length > 60 ? `(${text.length} characters)` : text}`.trimEnd();
}
