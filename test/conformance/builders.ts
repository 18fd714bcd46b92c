import { execFile } from 'node:child_process';
import { chmod, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { buildkitDir, debianRootfs, fixturesDir } from '../support/fixtures.ts';
import { tempDir } from '../support/temp-dir.ts';
import { pushBases, specialBases } from './bases.ts';
import { startBuildkit } from './buildkit.ts';
import type { Case } from './case.ts';
import { startCip } from './cip.ts';
import { type Comparison, compare } from './compare.ts';
import type { Identity } from './identity.ts';
import { type Objection, objections } from './oracle.ts';
import { Reference } from './reference.ts';
import { startWeb } from './web.ts';

const exec = promisify(execFile);

export interface BuildersOptions {
  /** What BuildKit makes of them is kept from run to run. */
  readonly cases: readonly Case[];
  /** Nothing is kept, and nothing taken of what is. */
  readonly fresh?: boolean | undefined;
}

/** Builds a case as somebody, and compares it with what BuildKit makes of it as root. */
export type CompareOne = (one: Case, identity?: Identity) => Promise<Comparison>;

/** Asks the oracles about a case; see `objections()`. */
export type Examine = (one: Case, identity?: Identity) => Promise<readonly Objection[]>;

/**
 * Starts a registry with the bases of the cases for as long as `task` takes, and what builds when it is first asked, with nothing
 * built yet. Rejects at the end if what all builds of somebody share is not what their layers say.
 */
export async function withBuilders<T>(
  { cases, fresh = false }: BuildersOptions,
  task: (compareOne: CompareOne, examine: Examine) => Promise<T>,
): Promise<T> {
  await using storage = await tempDir();
  await using registry = await startDockerRegistry(storage.path);
  await using repositories = await tempDir();
  await using web = await startWeb(repositories.path);
  const dockerfiles = await Promise.all(cases.map(textOf));
  const isSaid = (base: string) => dockerfiles.some((text) => text.includes(`\${BASES}/${base}`));
  const { common, special } = await pushBases(registry.host, {
    withDebian: isSaid('debian'),
    withSpecial: specialBases.some(isSaid),
  });
  await using scratch = await tempDir();
  // An ordinary user builds in there.
  await chmod(scratch.path, 0o755);
  // A machine's clock and that of its file system are not quite the same.
  const start = Math.floor(Date.now() / 1000) - 60;
  await using reference = new Reference({
    start: () => startBuildkit(registry.host),
    directory: cases.length === 0 ? undefined : join(fresh ? scratch.path : fixturesDir, 'buildkit-results'),
    surroundings: JSON.stringify([await versions(), common, web.digest]),
    basesOf: async (one) => {
      const text = await textOf(one);
      return specialBases.flatMap((base) => (text.includes(`\${BASES}/${base}`) ? [special[base]!] : []));
    },
    hosts: { BASES: registry.host, WEB: web.host },
    began: start,
  });
  await using root = await startCip('root');
  await using user = await startCip('user');
  await using chroot = await startCip('chroot');
  const builders = { root, user, chroot };
  const withBases = (one: Case) => ({
    ...one,
    args: { ...one.args, buildArgs: { BASES: registry.host, WEB: web.host, ...one.args.buildArgs } },
  });
  const compareOne: CompareOne = async (one, identity = 'root') => {
    const both = { cip: builders[identity], reference };
    return { ...(await compare(withBases(one), both, { directory: scratch.path, start })), case: one };
  };
  const examine: Examine = (one, identity = 'root') =>
    objections(withBases(one), { identity, directory: scratch.path });
  const result = await task(compareOne, examine);
  for (const { identity, unpacked } of [root, user, chroot]) {
    const { wrong } = await unpacked();
    if (wrong.length > 0) throw new Error([`what builds as ${identity} share is wrong`, ...wrong].join('\n  '));
  }
  return result;
}

/** All that may name bases. */
async function textOf({ folder, args }: Case): Promise<string> {
  return `${await readFile(join(folder, 'Dockerfile'), 'utf8')}${JSON.stringify(args.contexts)}`;
}

/** Of all that has a part in what BuildKit makes. */
async function versions(): Promise<readonly string[]> {
  const { stdout: runc } = await exec('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin runc --version']);
  const files = await Promise.all([join(buildkitDir, 'buildkitd'), debianRootfs].map((file) => stat(file)));
  return [release(), runc, ...files.map(({ size, mtimeMs }) => `${size} ${mtimeMs}`)];
}
