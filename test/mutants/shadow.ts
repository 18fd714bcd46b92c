import { chmod, copyFile, link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../support/paths.ts';

/**
 * A second checkout for tests to run in, whose compiled program can be changed: `dist/` and `bin/` are its own, all
 * else is that of the checkout.
 */
export class Shadow implements AsyncDisposable {
  /** Absolute. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Shadow> {
    const shadow = new Shadow(await mkdtemp(join(tmpdir(), 'cip-mutants-')));
    // Ordinary users run it as well.
    await chmod(shadow.path, 0o755);
    const own = new Set(['dist', 'bin']);
    for (const name of await readdir(root)) {
      if (!own.has(name)) await symlink(join(root, name), join(shadow.path, name));
    }
    for (const name of own) await linkTree(join(root, name), join(shadow.path, name));
    return shadow;
  }

  /** Puts compiled code in the place of `dist/<path>` for as long as `work` runs. */
  async with<T>(path: string, code: string, work: () => Promise<T>): Promise<T> {
    const place = join(this.path, 'dist', path);
    // A new file: what stands there is the checkout's own, by a hard link.
    await rm(place);
    await writeFile(place, code);
    try {
      return await work();
    } finally {
      await rm(place);
      await linkOrCopy(join(root, 'dist', path), place);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function linkTree(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    await mkdir(dirname(target), { recursive: true });
    await linkOrCopy(source, target);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV' && error.code !== 'EPERM') throw error;
    await copyFile(from, to);
  });
}
