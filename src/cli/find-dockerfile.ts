import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { readRegularFile, whyUnreadable } from '../read-regular-file.ts';
import { FailureError } from '../result.ts';
import { dockerfileMissing, dockerfileUnreadable } from './image-failure.ts';

/** A Dockerfile that a command line asks for. */
export interface AskedDockerfile {
  /** As typed, or where it is by default. */
  readonly file: string;
  /** Whether it was typed. */
  readonly isNamed: boolean;
  /** The directory to build, as typed. */
  readonly from: string;
}

type Resolve = (path: string) => string;

/**
 * The text of a Dockerfile and its name for people; bytes that are not UTF-8 are replaced. In the place of a `Dockerfile`
 * that is not there a `dockerfile` is taken, as BuildKit does. Throws FailureError: `dockerfile-unreadable`.
 */
export async function findDockerfile(
  asked: AskedDockerfile,
  resolve: Resolve,
): Promise<{ readonly file: string; readonly text: string }> {
  const { file } = asked;
  const names = basename(file) === 'Dockerfile' ? [file, join(dirname(file), 'dockerfile')] : [file];
  for (const name of names) {
    const text = await textOf(name, resolve);
    if (text !== undefined) return { file: name, text };
  }
  const target = await readlink(resolve(file)).catch(() => undefined);
  const meant = await meantInstead(asked, resolve);
  throw new FailureError(dockerfileMissing(file, { isNamed: asked.isNamed, meant, target }));
}

/** Undefined where it is not there. */
async function textOf(file: string, resolve: Resolve): Promise<string | undefined> {
  try {
    return (await readRegularFile(resolve(file))).toString();
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (failure.code === 'ENOENT') return undefined;
    const isForbidden = failure.code === 'EACCES' || failure.code === 'EPERM';
    throw new FailureError(dockerfileUnreadable(file, whyUnreadable(failure), isForbidden), { cause: error });
  }
}

/** How many are named. */
const most = 3;

const usual = /^(?:(?:docker|container)file(?:[.-].+)?|.+\.(?:docker|container)file)$/i;

/** Whether Dockerfiles are called so; ignore files are not. */
export function isUsualName(name: string): boolean {
  return usual.test(name) && !name.endsWith('ignore');
}

/** Files that are there, as they are to be typed. */
async function meantInstead({ file, isNamed, from }: AskedDockerfile, resolve: Resolve): Promise<readonly string[]> {
  if (!isNamed) {
    const names = [...(await namesIn(resolve(from))), join('docker', 'Dockerfile')];
    const likely = names.filter((name) => isUsualName(basename(name)));
    return (
      await filesOf(
        likely.map((name) => join(from, name)),
        resolve,
      )
    ).slice(0, most);
  }
  const [inDirectory] = await filesOf([join(from, file)], resolve);
  if (inDirectory !== undefined) return [inDirectory];
  const nearest = suggestionFor(basename(file), await namesIn(resolve(dirname(file))));
  return nearest === undefined ? [] : await filesOf([join(dirname(file), nearest)], resolve);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

async function filesOf(paths: readonly string[], resolve: Resolve): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(resolve(path)).catch(() => undefined);
    if (found?.isFile()) files.push(path);
  }
  return files;
}
