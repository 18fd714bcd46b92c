import type { Digest } from '../../oci/digest.ts';
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts';
import { removeTags } from '../../registry/remove-tags.ts';
import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { imageNameInvalid, imageNotInRegistry, missingImageName, tagNotNamed } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import type { World } from '../world.ts';

/** What is to go from one repository. */
interface Doomed {
  readonly repository: Pick<Reference, 'registry' | 'repository'>;
  readonly tags: Map<string, Digest>;
  readonly images: Set<Digest>;
}

/** `cip registry rm`: takes tags, or images by digest, from registries; nothing where one of the names is not there. */
export async function run({ options, positionals }: Invocation<'json'>, world: World) {
  if (positionals.length === 0) throw new FailureError(missingImageName('registry rm', 'cip registry ls NAME'));
  const doomed = new Map<string, Doomed>();
  for (const typed of positionals) await add(typed, doomed, world);
  const removed: string[] = [];
  for (const { repository, tags, images } of doomed.values()) {
    const remote = (await world.registryClient()).repository(repository);
    for (const digest of images) {
      await remote.deleteManifest(digest, world.signal);
      removed.push(formatReference({ ...repository, digest }));
    }
    await removeTags(remote, tags, world.signal);
    removed.push(...[...tags.keys()].map((tag) => formatReference({ ...repository, tag })));
  }
  if (options.json) {
    const document = { schema: 'cip.registry/v1', command: 'registry rm', removed, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print(removed.map((name) => `${name}\n`).join(''));
  return exitStatus.done;
}

/** A tag that is not written is never meant: what is removed is not what is usual. */
async function add(typed: string, doomed: Map<string, Doomed>, world: World): Promise<void> {
  const parsed = parseReference(typed);
  if (!parsed.ok) throw new FailureError(imageNameInvalid(typed, parsed.failure[0]));
  const { registry, repository, tag = '', digest } = parsed.value;
  const isTagged = typed.slice(typed.lastIndexOf('/') + 1).includes(':');
  if (digest === undefined && !isTagged) throw new FailureError(tagNotNamed(typed));
  const remote = (await world.registryClient()).repository({ registry, repository });
  const found = await remote.resolve(digest ?? tag, world.signal);
  if (found === undefined) throw new FailureError(imageNotInRegistry(formatReference(parsed.value)));
  const key = `${registry}/${repository}`;
  const one = doomed.get(key) ?? { repository: { registry, repository }, tags: new Map(), images: new Set() };
  doomed.set(key, one);
  if (digest !== undefined) one.images.add(digest);
  else one.tags.set(tag, found.digest);
}
