import { lutimes, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { contextFiles } from '../context/context-files.ts';
import { DiskTree } from '../context/disk-tree.ts';
import { resolveSource } from '../context/source-tree.ts';
import { describeRemote, type GitSource, parseRemoteSource, withoutPassword } from '../dockerfile/remote-source.ts';
import { removeTree } from '../remove-tree.ts';
import { FailureError } from '../result.ts';
import { contextNotFetchable, contextWithoutDirectory } from './image-failure.ts';
import { type InputContext, readPackedContext } from './input-context.ts';
import type { OptionValues } from './options.ts';
import { readableSecrets } from './readable-secrets.ts';
import type { World } from './world.ts';

/**
 * What `cip build-image` fetches by an address: the files of a commit, a tar, or a Dockerfile. Throws FailureError:
 * `missing-directory`, as `readPackedContext` does, and as fetching and secrets do.
 */
export async function readRemoteContext(
  address: string,
  options: OptionValues<'secret'> & { readonly keepsGitDir: boolean },
  world: World,
): Promise<InputContext & { readonly shown: string }> {
  const parsed = parseRemoteSource(address);
  if (!parsed.ok) throw new FailureError(contextNotFetchable(withoutPassword(address), parsed.failure));
  const source = parsed.value;
  const shown = describeRemote(source);
  const remotes = await world.remoteSources();
  remotes.logins.give(await readableSecrets(options, world));
  if (source.type === 'git') return { kind: 'context', ...(await committed(source, options, world)), shown };
  const { files } = remotes;
  const file = await files.file(source, world.signal);
  const input = await readPackedContext(await files.path(source, file, world.signal), shown, world);
  // What servers do not say is 0.
  return input.kind === 'context' ? { ...input, time: file.modified || undefined, shown } : { ...input, shown };
}

/** As old as the commit, so that an image of it is the same whenever it is built; links lead where they do in the repository. */
async function committed(
  source: GitSource,
  { keepsGitDir }: { readonly keepsGitDir: boolean },
  world: World,
): Promise<{ readonly directory: string; readonly time: number }> {
  const { signal } = world;
  const { repositories } = await world.remoteSources();
  const top = (await world.store()).session.tempPath('context');
  const commit = await repositories.commitOf(source, signal);
  const time = await repositories.checkout(source, { commit, directory: top }, signal);
  if (source.subdir !== '' || !(keepsGitDir || source.keepsGitDir)) await removeGitFiles(top);
  await setTimes(top, time);
  if (source.subdir === '') return { directory: top, time };
  const tree = new DiskTree({ directory: top, ignore: [], files: contextFiles, digestOf: () => undefined, signal });
  const found = await resolveSource(tree, source.subdir);
  if (found?.type === 'directory') return { directory: join(top, found.path), time };
  throw new FailureError(contextWithoutDirectory(describeRemote({ ...source, subdir: '' }), source.subdir));
}

/** Nothing that is committed is called `.git`: whatever is belongs to git, those of submodules too. */
async function removeGitFiles(top: string): Promise<void> {
  for (const entry of await readdir(top, { withFileTypes: true })) {
    const path = join(top, entry.name);
    if (entry.name === '.git') await removeTree(path);
    else if (entry.isDirectory()) await removeGitFiles(path);
  }
}

async function setTimes(directory: string, time: number): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await setTimes(path, time);
    else await lutimes(path, time, time);
  }
  await lutimes(directory, time, time);
}
