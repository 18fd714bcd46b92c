import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Failure } from '../result.ts';
import { outputHoldsInput, outputOverInput } from './image-failure.ts';
import type { ImageSource } from './image-source.ts';
import type { OptionValues } from './options.ts';
import { isToStandardOutput } from './outputs.ts';
import type { World } from './world.ts';

type WrittenTo = Pick<
  OptionValues<'output' | 'iidfile' | 'metadataFile' | 'trace'>,
  'output' | 'iidfile' | 'metadataFile' | 'trace'
>;
type Needing = Pick<World, 'resolve' | 'storeDirectory'>;

/**
 * `output-holds-input` for each directory that is to have nothing but the image in it, and has what the build needs, and for
 * each output that would be written over the Dockerfile or into the store.
 */
export async function endangeredInputs(
  options: WrittenTo,
  { context, file }: Pick<ImageSource, 'context' | 'file'>,
  world: Needing,
): Promise<readonly Failure[]> {
  const { output } = options;
  const emptied = output.flatMap((one) => ('deletesOthers' in one && one.deletesOthers ? [one.dest] : []));
  const needed = [context.isUnpacked ? undefined : context.directory, file, world.storeDirectory];
  const failures: Failure[] = [];
  for (const dest of emptied) {
    const directory = await realOf(world.resolve(dest));
    for (const path of needed) {
      const real = path && (await realOf(path));
      if (real === undefined || !isWithin(real, directory)) continue;
      failures.push(outputHoldsInput(dest, real));
      break;
    }
  }
  return [...failures, ...(await overwritten(options, file, world))];
}

async function overwritten(
  { output, iidfile, metadataFile, trace }: WrittenTo,
  file: string | undefined,
  { resolve, storeDirectory }: Needing,
): Promise<readonly Failure[]> {
  const written = output.flatMap((one) => ('dest' in one && !isToStandardOutput(one) ? [one.dest] : []));
  const all = [...written, iidfile, metadataFile, trace].filter((dest) => dest !== undefined);
  const [dockerfile, store] = await Promise.all([file && realOf(file), realOf(storeDirectory)]);
  const failures: Failure[] = [];
  for (const dest of all) {
    const real = await realOf(resolve(dest));
    if (real === dockerfile) failures.push(outputOverInput(dest, 'the Dockerfile'));
    else if (isWithin(real, store)) failures.push(outputOverInput(dest, 'the store'));
  }
  return failures;
}

function isWithin(path: string, directory: string): boolean {
  return `${path}/`.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Also of what is not there yet. */
async function realOf(path: string): Promise<string> {
  return await realpath(path).catch(async () =>
    realpath(dirname(path)).then(
      (directory) => join(directory, basename(path)),
      () => path,
    ),
  );
}
