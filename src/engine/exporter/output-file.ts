import { constants, createWriteStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import { type TarInput, writeTar } from '../../tar/write.ts';
import { outputExists } from './failure.ts';
import { asUnwritable, type OutputPlace } from './output-place.ts';
import { openPipe } from './pipe-sink.ts';
import { sweepUnfinished, unfinishedName } from './unfinished-output.ts';

/** Where something is to be written, as it was given and as it was found to be. */
export interface FoundOutput {
  /** Absolute, for messages. */
  readonly dest: string;
  readonly place: OutputPlace;
}

/** Writes a tar of these entries, as `writeOutput` does. */
export async function writeTarOutput(
  output: FoundOutput,
  entries: AsyncIterable<TarInput>,
  signal: AbortSignal,
): Promise<void> {
  await writeOutput(output, writeTar(entries), signal);
}

/**
 * Writes these bytes: a file is complete or not there, a pipe or device is written to as it is. Throws FailureError:
 * `output-unwritable`, `output-exists`, and what the source throws.
 */
export async function writeOutput(
  output: FoundOutput,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const write = async (to: Writable) => {
    try {
      await pipeline(Readable.from(bytes), to, { signal });
    } catch (error) {
      // Not the error that a pipeline makes of it.
      signal.throwIfAborted();
      throw error;
    }
  };
  const { kind, path } = output.place;
  if (kind === 'file') {
    await makeOutput(output, (unfinished) => write(createWriteStream(unfinished)));
    return;
  }
  try {
    if (kind === 'pipe') return await write(await openPipe(path, signal));
    const device = await open(path, constants.O_WRONLY | constants.O_NOCTTY);
    await write(device.createWriteStream());
  } catch (error) {
    throw asUnwritable(output.dest, error);
  }
}

/**
 * Has a file or directory made under another name, and gives it its own when it is complete; after a failure nothing of it
 * is left. Throws FailureError: `output-unwritable`, `output-exists`, and what `make` throws.
 */
export async function makeOutput(
  { dest, place: { kind, path } }: FoundOutput,
  make: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = join(dirname(path), unfinishedName());
  try {
    await mkdir(dirname(path), { recursive: true });
    await make(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    await removeTree(unfinished);
    if (isOccupied(error)) throw new FailureError(outputExists({ dest, tar: kind !== 'directory' }), { cause: error });
    throw asUnwritable(dest, error);
  }
  await sweepUnfinished(dirname(path));
}

function isOccupied(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
