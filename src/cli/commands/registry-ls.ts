import { formatRegistry, parseRegistry, type RegistryName } from '../../oci/registry-name.ts';
import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { imageNameInvalid, imageNotInRegistry } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import type { World } from '../world.ts';

/** `cip registry ls`: the repositories of a registry, those below a path, or the tags of one; each name in full. */
export async function run({ options, positionals }: Invocation<'json' | 'localRegistry'>, world: World) {
  const [typed] = positionals;
  const where = typed === undefined ? options.localRegistry : registryIn(typed, options.localRegistry);
  const found = (await tagsOf(where, world)) ?? (await repositoriesOf(where, world));
  if (options.json) {
    const document = { schema: 'cip.registry/v1', command: 'registry ls', ...found, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print([...found.repositories, ...found.tags].map((name) => `${name}\n`).join(''));
  return exitStatus.done;
}

interface Found {
  readonly repositories: readonly string[];
  readonly tags: readonly string[];
}

/** `near`: what somebody means who names no registry. */
function registryIn(typed: string, near: RegistryName): RegistryName {
  const parsed = parseRegistry(typed);
  if (!parsed.ok) {
    const isBare = /^[a-z0-9._-]+(?:\/[a-z0-9._/-]+)?$/.test(typed);
    const meant = isBare ? { hint: `write ${formatRegistry(near)}/${typed}, or the registry that has it` } : {};
    throw new FailureError(imageNameInvalid(typed, { ...parsed.failure[0], ...meant }));
  }
  return parsed.value;
}

/** undefined where the path names no repository. */
async function tagsOf({ host, path }: RegistryName, world: World): Promise<Found | undefined> {
  if (path === '') return undefined;
  const remote = (await world.registryClient()).repository({ registry: host, repository: path });
  const tags: string[] = [];
  for await (const tag of remote.tags(world.signal)) tags.push(`${remote.name}:${tag}`);
  return tags.length === 0 ? undefined : { repositories: [], tags };
}

async function repositoriesOf(where: RegistryName, world: World): Promise<Found> {
  const { host, path } = where;
  const repositories: string[] = [];
  // One that has lost its tags is named as well as it is listed.
  for await (const name of (await world.registryClient()).repositories(host, world.signal))
    if (path === '' || name === path || name.startsWith(`${path}/`)) repositories.push(`${host}/${name}`);
  if (path !== '' && repositories.length === 0) throw new FailureError(imageNotInRegistry(formatRegistry(where)));
  return { repositories, tags: [] };
}
