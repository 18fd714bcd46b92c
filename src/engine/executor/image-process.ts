import { FailureError } from '../../result.ts';
import type { ProcessUser } from './executor.ts';
import { idNotMapped } from './failure.ts';
import { type Ids, isMapped } from './id-map.ts';

/** Fails with `id-not-mapped`. */
export function requireMapped(ids: Ids, user: ProcessUser): void {
  if (!isMapped(ids.users, user.uid)) throw new FailureError(idNotMapped('user', user.uid));
  // Root keeps its groups where nobody may choose them: that is what such a namespace loses.
  const groups = ids.setGroups ? [user.gid, ...user.additionalGids] : [user.gid];
  for (const gid of groups) if (!isMapped(ids.groups, gid)) throw new FailureError(idNotMapped('group', gid));
}
