import { realpath } from 'node:fs/promises';
import type { Failure } from '../result.ts';
import { outputHoldsInput } from './image-failure.ts';
import type { ImageSource } from './image-source.ts';
import type { OptionValues } from './options.ts';
import type { World } from './world.ts';

/** `output-holds-input` for each directory that is to have nothing but the image in it, and has what the build needs. */
export async function endangeredInputs(
  { output }: OptionValues<'output'>,
  { context, file }: Pick<ImageSource, 'context' | 'file'>,
  world: Pick<World, 'resolve' | 'storeDirectory'>,
): Promise<readonly Failure[]> {
  const emptied = output.flatMap((one) => ('deletesOthers' in one && one.deletesOthers ? [one.dest] : []));
  const needed = [context.isUnpacked ? undefined : context.directory, file, world.storeDirectory];
  const failures: Failure[] = [];
  for (const dest of emptied) {
    const directory = await realOf(world.resolve(dest));
    for (const path of needed) {
      const real = path && (await realOf(path));
      if (real === undefined || !`${real}/`.startsWith(directory === '/' ? '/' : `${directory}/`)) continue;
      failures.push(outputHoldsInput(dest, real));
      break;
    }
  }
  return failures;
}

async function realOf(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}
