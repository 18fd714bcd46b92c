import { type Failure, failed, ok, type Result } from '../../result.ts';
import { type AccountGroup, accountsOf, groupsOf } from './accounts.ts';
import type { ProcessUser } from './executor.ts';
import { groupUnknown, userInvalid, userUnknown } from './failure.ts';

const MAX_ID = 0x7fffffff;

/** Who a process runs as, and the home directory that goes with it. */
export interface ImageUser extends ProcessUser {
  /** `/` where passwd has no line for the user, and what the first one for the number says, which may be nothing. */
  readonly home: string;
}

/**
 * Looks up what USER says (`name[:group]`, `uid[:gid]`, '' for root) in the text of the image's /etc/passwd and
 * /etc/group; undefined where the image has none. A number needs no line, nor does `root`; one that has a line gets its group, groups and
 * home. A group that is written is the only one. No user is 0, no group that of the user; what is behind a second colon says
 * nothing.
 */
export function lookupUser(
  text: string,
  passwd: string | undefined,
  group: string | undefined,
): Result<ImageUser, readonly Failure[]> {
  const [userText = '', groupWritten] = text.split(':');
  const groupText = groupWritten || undefined;
  const groups = groupsOf(group ?? '');
  const user = findUser(userText, passwd ?? '');
  const gid = groupText === undefined ? undefined : findGroup(groupText, groups);
  const failures = [user, gid].flatMap((found) => (found === undefined || found.ok ? [] : found.failure));
  if (failures.length > 0 || !user.ok || gid?.ok === false) return failed(failures);

  const { name, uid, home } = user.value;
  if (gid !== undefined) return ok({ uid, gid: gid.value, additionalGids: [gid.value], home });
  const member = groups.filter((line) => name !== undefined && line.members.includes(name)).map((line) => line.gid);
  return ok({ uid, gid: user.value.gid, additionalGids: [...new Set([user.value.gid, ...member])], home });
}

interface FoundUser {
  readonly name?: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

function findUser(text: string, passwd: string): Result<FoundUser> {
  const id = text === '' ? 0 : idOf(text);
  const accounts = accountsOf(passwd);
  const line = accounts.find((user) => (id === undefined ? user.name === text : user.uid === id));
  if (line !== undefined && Math.min(line.uid, line.gid) < 0)
    return failed([userInvalid(text, `ids go from 0 to ${MAX_ID}`)]);
  // The home is that of the number: runc, which sets it, is not told a name.
  if (line !== undefined) return ok({ ...line, home: accounts.find(({ uid }) => uid === line.uid)?.home ?? '/' });
  if (text === 'root') return ok({ uid: 0, gid: 0, home: '/' });
  if (id === undefined) return failed([userUnknown(text)]);
  if (id > MAX_ID) return failed([userInvalid(text, `ids go from 0 to ${MAX_ID}`)]);
  return ok({ uid: id, gid: 0, home: '/' });
}

function findGroup(text: string, groups: readonly AccountGroup[]): Result<number> {
  const id = idOf(text);
  const line = groups.find((group) => (id === undefined ? group.name === text : group.gid === id));
  if (line !== undefined) return ok(line.gid);
  if (text === 'root') return ok(0);
  if (id === undefined) return failed([groupUnknown(text)]);
  if (id > MAX_ID) return failed([userInvalid(text, `ids go from 0 to ${MAX_ID}`)]);
  return ok(id);
}

function idOf(text: string): number | undefined {
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}
