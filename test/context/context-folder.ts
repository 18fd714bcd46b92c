import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';

/**
 * What a context holds, by path: text of a file, `-> target` of a link, `null` for a directory; an object where the mode
 * matters. Modes are 0644 and 0755 else.
 */
export type FolderFiles = Readonly<
  Record<string, string | null | { readonly content: string | null; readonly mode: number }>
>;

/** A directory on disk to build from. */
export class ContextFolder implements AsyncDisposable {
  readonly path: string;
  readonly #directory: AsyncDisposable;

  private constructor(path: string, directory: AsyncDisposable) {
    this.path = path;
    this.#directory = directory;
  }

  static async make(files: FolderFiles): Promise<ContextFolder> {
    const directory = await tempDir();
    const folder = new ContextFolder(join(directory.path, 'context'), directory);
    await folder.replace(files);
    return folder;
  }

  /** Empties it, then writes. */
  async replace(files: FolderFiles): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    await mkdir(this.path);
    await chmod(this.path, 0o755);
    // Directories with a mode of their own come last: what is in them has been written by then.
    for (const [path, file] of Object.entries(files)) await this.write(path, file);
  }

  async write(path: string, file: FolderFiles[string]): Promise<void> {
    const place = join(this.path, path);
    const { content, mode } = typeof file === 'object' && file !== null ? file : { content: file, mode: undefined };
    await this.#directories(dirname(path));
    if (content === null) {
      await mkdir(place, { recursive: true });
      await chmod(place, mode ?? 0o755);
    } else if (content.startsWith('-> ')) {
      await symlink(content.slice(3), place);
    } else {
      await writeFile(place, content);
      await chmod(place, mode ?? 0o644);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }

  async #directories(path: string): Promise<void> {
    if (path === '.') return;
    await this.#directories(dirname(path));
    const made = await mkdir(join(this.path, path), { recursive: true });
    if (made !== undefined) await chmod(join(this.path, path), 0o755);
  }
}
