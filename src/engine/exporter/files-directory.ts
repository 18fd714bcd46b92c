import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackLayer } from '../../layer/unpack.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { removeTree } from '../../remove-tree.ts';
import { failuresOf } from '../../result.ts';
import { writeTar } from '../../tar/write.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import { type FilesOptions, ImageFiles } from './image-files.ts';
import { mergeTree } from './merge-tree.ts';
import { makeOutput } from './output-file.ts';
import { asUnwritable, type OutputPlace, outputPlace } from './output-place.ts';
import { replaceTree } from './replace-tree.ts';
import { sweepUnfinished, unfinishedName } from './unfinished-output.ts';

/** `--output type=local`: the files of the image. */
export interface FilesDirectory extends FilesOptions {
  readonly type: 'local';
  /** Absolute. What is there stays, but for what has the name of a file of the image. */
  readonly dest: string;
  /** Nothing of that stays. */
  readonly deletesOthers?: boolean | undefined;
}

/** The root file system in a directory, with all that this user may make. */
export class FilesDirectoryExporter implements Exporter {
  readonly type = 'local';
  readonly #output: FilesDirectory;
  readonly #services: Pick<ExportServices, 'store' | 'progress' | 'isRoot'>;

  constructor(output: FilesDirectory, services: Pick<ExportServices, 'store' | 'progress' | 'isRoot'>) {
    this.#output = output;
    this.#services = services;
  }

  async export({ image }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const place = await this.#place();
    const unpack = (directory: string) => this.#unpack(image, directory, signal);
    if (place.kind === 'directory') await this.#make(place, unpack);
    else await this.#fill(place.path, unpack);
    return image;
  }

  async #place(): Promise<OutputPlace> {
    const { dest } = this.#output;
    return await outputPlace({ dest, tar: false, isFilled: true });
  }

  /** Another process may make the directory meanwhile: then it is one that is there. */
  async #make(place: OutputPlace, unpack: (unfinished: string) => Promise<void>): Promise<void> {
    const { dest } = this.#output;
    try {
      await makeOutput({ dest, place }, unpack);
    } catch (error) {
      if (failuresOf(error)?.[0]?.reason !== 'output-exists') throw error;
      const { kind, path } = await this.#place();
      if (kind !== 'filled') throw error;
      await this.#fill(path, unpack);
    }
  }

  /** All is made beside what is there, in the same file system, before anything is put in its place. */
  async #fill(directory: string, unpack: (unfinished: string) => Promise<void>): Promise<void> {
    // What comes back by that is replaced as all else.
    await sweepUnfinished(directory);
    const unfinished = join(directory, unfinishedName());
    try {
      await unpack(unfinished);
      if (this.#output.deletesOthers) await replaceTree(unfinished, directory);
      else mergeTree(unfinished, directory);
    } catch (error) {
      throw asUnwritable(this.#output.dest, error);
    } finally {
      await removeTree(unfinished);
    }
  }

  async #unpack(image: Descriptor, directory: string, signal: AbortSignal): Promise<void> {
    const { store, isRoot, progress } = this.#services;
    await mkdir(directory);
    const tar = writeTar(new ImageFiles(store).of(image, this.#output, signal));
    const { index, devicesSkipped, xattrsSkipped } = await unpackLayer(
      { tar, into: directory },
      { owner: isRoot ? 'preserve' : 'ignore', xattrs: 'apply', whiteouts: 'apply' },
      signal,
    ).catch((error: unknown) => {
      // It is not the store that lacks space or rights.
      const isOfDisk = failuresOf(error)?.[0]?.reason === 'unpack-failed';
      throw isOfDisk ? asUnwritable(this.#output.dest, (error as Error).cause) : error;
    });
    const others = isRoot ? [] : index.filter((entry) => 'uid' in entry && (entry.uid !== 0 || entry.gid !== 0));
    const lacks = [
      counted(devicesSkipped, 'device is left out', 'devices are left out'),
      counted(xattrsSkipped, 'file lacks extended attributes', 'files lack extended attributes'),
      counted(
        others.map(({ path }) => path),
        'file of another user is yours',
        'files of other users are yours',
      ),
    ].filter((one) => one !== undefined);
    if (lacks.length > 0)
      progress.emit({ type: 'notice', message: `${this.#output.dest} is not all of the image: ${lacks.join('; ')}` });
  }
}

/** `1 device is left out (/dev/null)` */
function counted(paths: readonly string[], one: string, several: string): string | undefined {
  const [first] = paths;
  if (first === undefined) return undefined;
  return paths.length === 1 ? `1 ${one} (/${first})` : `${paths.length} ${several} (/${first} first)`;
}
