import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../result.ts';
import { toolMissing } from './failure.ts';

/** Programs of util-linux and coreutils that executors start, by absolute path. Plain data. */
export interface ExecutorTools {
  readonly sh: string;
  readonly env: string;
  readonly cp: string;
  readonly mkdir: string;
  readonly mkfifo: string;
  readonly chown: string;
  readonly mount: string;
  readonly unshare: string;
  /** For a network of the steps' own. */
  readonly slirp4netns?: string | undefined;
  readonly pasta?: string | undefined;
  readonly nsenter?: string | undefined;
  /** For a shell on a terminal. */
  readonly script?: string | undefined;
}

/** Tool → what it is installed with. */
const packages = {
  sh: 'dash',
  env: 'coreutils',
  cp: 'coreutils',
  mkdir: 'coreutils',
  mkfifo: 'coreutils',
  chown: 'coreutils',
  mount: 'mount (part of util-linux)',
  unshare: 'util-linux',
} satisfies Record<Exclude<keyof ExecutorTools, 'slirp4netns' | 'pasta' | 'nsenter' | 'script'>, string>;

/** Looks on `path` (as in PATH) and where system programs are by custom. Fails with `tool-missing`. */
export async function findTools(path: string): Promise<ExecutorTools> {
  const found = await Promise.all(
    Object.entries(packages).map(async ([name, from]) => [name, await requireProgram(name, from, path)] as const),
  );
  return {
    ...(Object.fromEntries(found) as Record<keyof typeof packages, string>),
    slirp4netns: await findProgram('slirp4netns', path),
    pasta: await findProgram('pasta', path),
    nsenter: await findProgram('nsenter', path),
    script: await findProgram('script', path),
  };
}

/** Absolute path of the first program of that name that may be executed; undefined if there is none. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const dir of searched(path)) {
    const file = join(dir, name);
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable && (await stat(file)).isFile()) return file;
  }
  return undefined;
}

/** PATH of ordinary users often lacks the directories of system programs. */
export function searched(path: string): readonly string[] {
  const given = path.split(':').filter((dir) => dir.startsWith('/'));
  return [...new Set([...given, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'])];
}

async function requireProgram(name: string, from: string, path: string): Promise<string> {
  const file = await findProgram(name, path);
  if (file === undefined) throw new FailureError(toolMissing(name, from));
  return file;
}
