import { basename, dirname, join } from 'node:path/posix';
import { contextFiles } from '../context/context-files.ts';
import { DiskTree } from '../context/disk-tree.ts';
import { resolveSource, type SourceTree } from '../context/source-tree.ts';
import { readRegularFile } from '../read-regular-file.ts';
import { FailureError } from '../result.ts';
import { isUsualName } from './find-dockerfile.ts';
import { dockerfileNotPacked } from './image-failure.ts';

/**
 * The Dockerfile of a context that came as a tar, or from `address`, and is now in `directory`, and its path there. Links are followed as if
 * the tar were all that there is. In the place of a `Dockerfile` a `dockerfile` is taken, as in a directory. Throws
 * FailureError: `dockerfile-unreadable`.
 */
export async function packedDockerfile(
  { directory, address }: { readonly directory: string; readonly address?: string | undefined },
  file: string,
  signal: AbortSignal,
): Promise<{ readonly file: string; readonly text: string }> {
  const tree = new DiskTree({ directory, ignore: [], files: contextFiles, digestOf: () => undefined, signal });
  const asked = join('/', file).slice(1);
  const names = basename(asked) === 'Dockerfile' ? [asked, join(dirname(asked), 'dockerfile')] : [asked];
  for (const name of names) {
    const node = await resolveSource(tree, name);
    if (node?.type === 'file') return { file: name, text: (await readRegularFile(await tree.fileOf(node))).toString() };
  }
  // What leads out of the tar is not there, whatever it is called.
  const likely = (await likelyIn(tree)).filter((name) => !names.includes(name));
  throw new FailureError(dockerfileNotPacked(asked, { found: likely.slice(0, most), address }));
}

/** How many are named. */
const most = 3;
/** How many directories are looked into: a tar that was made one level too high has one. */
const mostDirectories = 20;

/** Paths of files at the top, and in its directories, that have the names of Dockerfiles. */
async function likelyIn(tree: SourceTree): Promise<readonly string[]> {
  const top = await tree.children('');
  const found = top.filter(isUsualName);
  for (const name of top.slice(0, mostDirectories)) {
    if (found.length >= most) break;
    if ((await tree.lookup(name))?.type !== 'directory') continue;
    found.push(...(await tree.children(name)).filter(isUsualName).map((child) => `${name}/${child}`));
  }
  return found;
}
