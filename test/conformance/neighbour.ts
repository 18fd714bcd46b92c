import { chmod, lstat, lutimes, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Dockerfiles that differ from one in one thing: a line is gone, an option is, a number is the next one, a word has another
 * letter. Lines that name stages stay.
 */
export function neighboursOf(dockerfile: string): readonly string[] {
  const lines = dockerfile.split('\n');
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || /^\s*(#|FROM\b|ARG BASES\b)/i.test(line)) continue;
    const others = [
      undefined,
      ...[...line.matchAll(/ --[\w-]+(=\S+)?/g)].map(({ 0: flag, index: at }) => cut(line, at, flag.length, '')),
      ...[...line.matchAll(/\d(?=\D|$)/g)].map(({ 0: digit, index: at }) => cut(line, at, 1, `${(+digit + 1) % 8}`)),
      ...[...line.matchAll(/(?<=\s)[a-z]+(?=\s|$)/g)].map(({ 0: word, index: at }) =>
        cut(line, at, word.length, `${word}x`),
      ),
    ];
    for (const other of others) {
      found.push((other === undefined ? lines.toSpliced(index, 1) : lines.with(index, other)).join('\n'));
    }
  }
  return found;
}

function cut(text: string, at: number, length: number, instead: string): string {
  return text.slice(0, at) + instead + text.slice(at + length);
}

/** How many ways there are to change a file. */
const WAYS = 4;

/**
 * Changes one file of a context in place, and neither times nor, if it can be helped, sizes: `choice` says which one, and how.
 * Gives what was done; undefined if there is no file.
 */
export async function changeContext(context: string, choice: number): Promise<string | undefined> {
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !entry.name.includes('\ufffd'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const path = paths[Math.floor(choice / WAYS) % paths.length];
  if (path === undefined) return undefined;
  const parents = new Map<string, Awaited<ReturnType<typeof lstat>>>();
  for (let at = join(path, '..'); at.length >= context.length; at = join(at, '..')) parents.set(at, await lstat(at));
  const stats = await lstat(path);
  const done = stats.isSymbolicLink() ? await retarget(path) : await changeFile(path, stats, choice % WAYS);
  if (done.path !== undefined) await lutimes(done.path, stats.atime, stats.mtime);
  for (const [parent, { atime, mtime }] of parents) await lutimes(parent, atime as Date, mtime as Date);
  return `${done.what} ${path.slice(context.length + 1)}`;
}

interface Done {
  readonly what: string;
  /** Where the file is then. */
  readonly path?: string;
}

async function retarget(path: string): Promise<Done> {
  const target = await readlink(path);
  await rm(path);
  await symlink(target.slice(0, -1) + (target.endsWith('x') ? 'y' : 'x'), path);
  return { what: 'another target of', path };
}

async function changeFile(path: string, { mode, size }: { mode: number; size: number }, way: number): Promise<Done> {
  if (way === 1) {
    await chmod(path, (mode & 0o7777) ^ 0o111);
    return { what: 'another mode of', path };
  }
  if (way === 2) {
    await rename(path, `${path}x`);
    return { what: 'another name of', path: `${path}x` };
  }
  if (way === 3) {
    await rm(path);
    return { what: 'without' };
  }
  const content = await readFile(path);
  if (size > 0) content[size - 1]! ^= 1;
  await writeFile(path, size > 0 ? content : 'x');
  return { what: 'another content of', path };
}
