import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { tempDir } from '../support/temp-dir.ts';
import { pushBases } from './bases.ts';
import { startBuildkit } from './buildkit.ts';
import type { Case } from './case.ts';
import { startCip } from './cip.ts';
import { type Comparison, compare } from './compare.ts';

/** Starts both builders for as long as `task` takes, with nothing built yet, and a registry with the bases of `cases`. */
export async function withBuilders<T>(
  cases: readonly Case[],
  task: (compareOne: (one: Case) => Promise<Comparison>) => Promise<T>,
): Promise<T> {
  await using storage = await tempDir();
  await using registry = await startDockerRegistry(storage.path);
  const dockerfiles = await Promise.all(cases.map(({ folder }) => readFile(join(folder, 'Dockerfile'), 'utf8')));
  await pushBases(registry.host, { withDebian: dockerfiles.some((text) => text.includes('${BASES}/debian')) });
  await using buildkit = await startBuildkit(registry.host);
  await using cip = await startCip();
  await using scratch = await tempDir();
  // A machine's clock and that of its file system are not quite the same.
  const start = Math.floor(Date.now() / 1000) - 60;
  return await task(async (one) => {
    const withBases = { ...one, args: { ...one.args, buildArgs: { BASES: registry.host, ...one.args.buildArgs } } };
    return { ...(await compare(withBases, [cip, buildkit], { directory: scratch.path, start })), case: one };
  });
}
