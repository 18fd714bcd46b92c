import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { SecretSource } from '../builder.ts';
import { type Failure, FailuresError } from '../result.ts';
import { secretNotAFile, secretNotReadable, secretTooBig, secretVariableUnset } from './failure.ts';
import type { OptionValues } from './options.ts';
import type { World } from './world.ts';

/** Bytes, as of BuildKit: the value crosses to other processes, and lies in memory. */
const LARGEST = 500 * 1024;

/** Secrets by id: absolute paths of files that can be read now, and values of variables. Throws all failures at once. */
export async function readableSecrets(
  { secret }: OptionValues<'secret'>,
  world: World,
): Promise<Readonly<Record<string, SecretSource>>> {
  const { env } = world.surroundings;
  const failures: Failure[] = [];
  const sources: Record<string, SecretSource> = {};
  for (const { id, src, env: named } of secret) {
    const variable = named ?? (src === undefined && env[id] !== undefined ? id : undefined);
    const source = variable === undefined ? world.resolve(src ?? id) : { value: env[variable] ?? '' };
    sources[id] = source;
    if (typeof source === 'string') failures.push(...(await failuresOfFile(id, source, src)));
    else if (env[variable!] === undefined) failures.push(secretVariableUnset(id, variable!));
    else if (Buffer.byteLength(source.value) > LARGEST) failures.push(secretTooBig(id, LARGEST));
  }
  if (failures.length > 0) throw new FailuresError(failures);
  return sources;
}

async function failuresOfFile(id: string, path: string, src: string | undefined): Promise<readonly Failure[]> {
  const found = await stat(path).catch(() => undefined);
  // Steps read it in another process, as often as they want it: a pipe would be empty, or wait for ever.
  if (found !== undefined && !found.isFile()) return [secretNotAFile(id, src ?? id)];
  if (found !== undefined && found.size > LARGEST) return [secretTooBig(id, LARGEST)];
  return await access(path, constants.R_OK).then(
    () => [],
    () => [secretNotReadable(id, src)],
  );
}
