import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { epochSource } from '../context/epoch-source.ts';
import { isSeconds, sourceDateEpoch } from '../context/source-date-epoch.ts';
import { hostPlatform } from '../oci/platform.ts';
import { epochText } from '../orchestrator/state/settled-epochs.ts';
import { FailuresError } from '../result.ts';
import type { ImageSource } from './image-source.ts';
import type { OptionValues } from './options.ts';
import { readableSecrets } from './readable-secrets.ts';
import type { World } from './world.ts';

/**
 * The same with the time that SOURCE_DATE_EPOCH names: that of the context, of a named one, or of what a stage fetches. Throws
 * FailureError: `invalid-epoch`, and as fetching does.
 */
export async function withSettledEpoch(
  source: ImageSource,
  options: OptionValues<'secret'>,
  world: World,
): Promise<ImageSource> {
  const { buildArgs, target } = source;
  const given = buildArgs[sourceDateEpoch];
  if (given !== undefined && (given === '' || isSeconds(given))) return source;
  const buildPlatform = hostPlatform(world.surroundings.arch);
  const found = epochSource({ ...source, buildPlatform, targetStage: target });
  if (!found.ok) throw new FailuresError(found.failure);
  const { value } = found;
  const settled = (time: number | undefined): ImageSource => ({
    ...source,
    buildArgs: { ...buildArgs, [sourceDateEpoch]: epochText(time) },
  });
  switch (value.type) {
    case 'settled':
      return source;
    case 'none':
      return settled(undefined);
    case 'context':
      return settled(await timeOf(source.context));
    case 'remote': {
      const remotes = await world.remoteSources();
      remotes.logins.give(await readableSecrets(options, world));
      const pin = await remotes.resolve(value.source, world.signal);
      return settled(await remotes.times.of(value.source, pin, world.signal));
    }
  }
}

/** A directory of this machine has the times of whoever made it last. */
async function timeOf({ time, isUnpacked, directory }: ImageSource['context']): Promise<number | undefined> {
  return time ?? (isUnpacked ? await newestBelow(directory) : undefined);
}

/** Of its files, in whole seconds. */
async function newestBelow(directory: string): Promise<number | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  let newest: number | undefined;
  for (const { parentPath, name } of files) {
    const { mtimeMs } = await lstat(join(parentPath, name));
    newest = Math.max(newest ?? Number.NEGATIVE_INFINITY, Math.floor(mtimeMs / 1000));
  }
  return newest;
}
