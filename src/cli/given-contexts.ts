import { realpath, stat } from 'node:fs/promises';
import { contextFiles } from '../context/context-files.ts';
import { decideContext } from '../context/decide-context.ts';
import { FileDigests } from '../context/file-digests.ts';
import { readOwnIgnoreFile } from '../context/ignore-file.ts';
import { ignoringStore } from '../context/ignored-store.ts';
import { contextName, type NamedContext, type NamedContexts } from '../context/named-contexts.ts';
import { isRemoteSource, parseRemoteSource } from '../dockerfile/remote-source.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import { type Failure, FailureError, FailuresError } from '../result.ts';
import { invalidOptionValue } from './failure.ts';
import { namedContextNotDirectory } from './image-failure.ts';
import { imageOfLayout } from './layout-image.ts';
import { orThrow } from './open-project.ts';
import type { OptionValues } from './options.ts';
import type { World } from './world.ts';

/** What `--build-context` gives: contexts by name, and images that they name and the store has by now. */
export interface GivenContexts {
  readonly contexts: NamedContexts;
  readonly resolved: Readonly<Record<string, Descriptor>>;
}

/**
 * Looks at all that `--build-context` names: directories as they are now, layouts into the store. Throws FailureError: for values
 * that cannot be, before anything is read; `no-build-context`, `layout-not-readable`, and as contexts and ignore files do.
 */
export async function givenContexts(
  { buildContext, platforms }: OptionValues<'buildContext'> & { readonly platforms: readonly Platform[] },
  world: World,
): Promise<GivenContexts> {
  const wanted = new Map<string, Wanted>();
  const failures: Failure[] = [];
  for (const given of buildContext) {
    const typed = `${given.name}=${given.value}`;
    const wrong = ({ message, hint }: { readonly message: string; readonly hint?: string }) =>
      failures.push(invalidOptionValue({ source: '--build-context', typed }, [message], hint));
    const name = contextName(given.name);
    const value = wantedBy(given.value);
    if (!name.ok) wrong(name.failure);
    else if (!value.ok) wrong(value);
    else if (wanted.has(name.value)) wrong({ message: `${name.value} is given twice`, hint: 'give each name once' });
    else wanted.set(name.value, value);
  }
  if (failures.length > 0) throw new FailuresError(failures);
  const contexts: Record<string, NamedContext> = {};
  const resolved: Record<string, Descriptor> = {};
  for (const [name, value] of wanted) {
    if (value.type === 'directory') contexts[name] = await directoryContext(value.path, platforms, world);
    else if (value.type === 'layout') {
      const reference = `oci-layout://${value.path}`;
      resolved[reference] = await imageOfLayout(value.path, world);
      contexts[name] = { type: 'image', reference };
    } else contexts[name] = value.context;
  }
  return { contexts, resolved };
}

type Wanted =
  | { readonly ok: true; readonly type: 'directory'; readonly path: string }
  | { readonly ok: true; readonly type: 'layout'; readonly path: string }
  | { readonly ok: true; readonly type: 'ready'; readonly context: NamedContext };

/** What a value says, before anything is looked at. */
function wantedBy(value: string): Wanted | { readonly ok: false; readonly message: string; readonly hint: string } {
  const forms = 'write a directory, docker-image://REFERENCE, oci-layout://DIRECTORY:TAG, or an address';
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  switch (scheme?.toLowerCase()) {
    case 'docker-image': {
      if (rest === 'scratch') return { ok: true, type: 'ready', context: { type: 'image', reference: rest } };
      const reference = parseReference(rest);
      if (reference.ok) return { ok: true, type: 'ready', context: { type: 'image', reference: rest } };
      const [{ message, hint = forms }] = reference.failure;
      return { ok: false, message, hint };
    }
    case 'oci-layout':
      return rest === ''
        ? { ok: false, message: 'it names no directory', hint: 'write oci-layout://DIRECTORY:TAG' }
        : { ok: true, type: 'layout', path: rest };
    case 'target':
      return { ok: false, message: 'targets are of files that bake reads', hint: forms };
  }
  if (!isRemoteSource(value)) return { ok: true, type: 'directory', path: value };
  const source = parseRemoteSource(value);
  if (source.ok) return { ok: true, type: 'ready', context: { type: 'remote', source: source.value } };
  return { ok: false, message: source.failure.message, hint: scheme === undefined ? source.failure.hint : forms };
}

/** All of a directory, but for what its own ignore file leaves out. */
async function directoryContext(path: string, platforms: readonly Platform[], world: World): Promise<NamedContext> {
  const directory = await realpath(world.resolve(path)).catch(() => undefined);
  if (directory === undefined || !(await stat(directory)).isDirectory())
    throw new FailureError(namedContextNotDirectory(path));
  const written = orThrow(await readOwnIgnoreFile(directory, path));
  const ignore = await ignoringStore(written, { context: directory, store: world.storeDirectory });
  const memory = (await world.store()).records('file-digests', FileDigests);
  const whole = { stages: [], whole: true, reads: [], places: [], remotes: [] };
  const { recorded, decided } = await decideContext(
    { root: { directory, ignore }, reads: [whole] },
    { files: contextFiles, memory, now: world.surroundings.now },
    world.signal,
  );
  const counted = Object.fromEntries(platforms.map((platform) => [formatPlatform(platform), decided[0]!.counted]));
  return { type: 'directory', directory, recorded: { ...recorded, counted } };
}
