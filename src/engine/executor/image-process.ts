import { FailureError } from '../../result.ts';
import type { ProcessSpec, ProcessUser } from './executor.ts';
import { idNotMapped, loaderVariablesUnsupported } from './failure.ts';
import { type Ids, isMapped } from './id-map.ts';
import { splitEnvironment, withLoaderVariables } from './process-command.ts';
import { RootView } from './root-view.ts';

/** Fails with `id-not-mapped`. */
export function requireMapped(ids: Ids, user: ProcessUser): void {
  if (!isMapped(ids.users, user.uid)) throw new FailureError(idNotMapped('user', user.uid));
  // Root keeps its groups where nobody may choose them: that is what such a namespace loses.
  const groups = ids.setGroups ? [user.gid, ...user.additionalGids] : [user.gid];
  for (const gid of groups) if (!isMapped(ids.groups, gid)) throw new FailureError(idNotMapped('group', gid));
}

/** Variables of the loader are set by a program of the image; see `splitEnvironment()`. */
export async function withEnvironment(
  root: string,
  process: Pick<ProcessSpec, 'args' | 'env'>,
): Promise<{ readonly args: readonly string[]; readonly plain: readonly string[] }> {
  const { plain, loader } = splitEnvironment(process.env);
  if (loader.length === 0) return { args: process.args, plain };
  const image = new RootView(root);
  for (const [program, kind] of [
    ['/usr/bin/env', 'env'],
    ['/bin/env', 'env'],
    ['/bin/sh', 'sh'],
  ] as const) {
    const at = await image.locate(program);
    if (typeof at === 'string' || !at.stats?.isFile()) continue;
    return { args: withLoaderVariables(process.args, loader, { program, kind }), plain };
  }
  throw new FailureError(loaderVariablesUnsupported(loader.map((variable) => variable.split('=')[0]!)));
}
