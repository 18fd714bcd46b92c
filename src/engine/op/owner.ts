import type { Owner } from '../../layer/diff.ts';
import { FailureError } from '../../result.ts';
import { accountsOf, groupsOf } from '../executor/accounts.ts';
import { unknownOwner } from './failure.ts';
import type { StepOrigin } from './op-definition.ts';

/** Text of a file of the image, undefined where it is missing. */
export type ReadText = (path: string) => Promise<string | undefined>;

/**
 * The owner that `--chown=user[:group]` names, and USER for WORKDIR. A name alone takes the group of its passwd line, a
 * number alone the same number as group; a user or group that is empty is 0, and so is `root`, whatever the image says.
 * An unknown name fails with `unknown-owner` (ADR 0011; BuildKit silently takes 0), unless `unknown` says what it is.
 */
export async function lookupOwner(
  text: string,
  readText: ReadText,
  { origin, unknown }: { readonly origin?: StepOrigin | undefined; readonly unknown?: UnknownName | undefined } = {},
): Promise<Owner> {
  const colon = text.indexOf(':');
  const [user, group] = colon === -1 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  const lookup = async (name: string, file: string): Promise<Owner | undefined> => {
    const found = await lookupName(name, file, readText);
    if (found !== undefined) return found;
    if (unknown === undefined) throw new FailureError(unknownOwner(name, `/${file}`, origin));
    unknown(name, `/${file}`);
    return undefined;
  };
  const { uid, gid } = (await lookup(user, 'etc/passwd')) ?? { uid: 0, gid: 0 };
  return group === undefined ? { uid, gid } : { uid, gid: (await lookup(group, 'etc/group'))?.uid ?? gid };
}

/** Told of each name that the image does not know, and the file where it is not: a user is then 0, a group that of the user. */
export type UnknownName = (name: string, file: string) => void;

/** As chown(2) and BuildKit take them. */
const MAX_ID = 0x7fffffff;

/** The user and group of an account, or a group as both. */
async function lookupName(name: string, file: string, readText: ReadText): Promise<Owner | undefined> {
  if (name === '' || name === 'root') return { uid: 0, gid: 0 };
  if (/^\+?\d+$/.test(name) && Number(name) <= MAX_ID) return { uid: Number(name), gid: Number(name) };
  const text = (await readText(file)) ?? '';
  if (file === 'etc/passwd') return accountsOf(text).find((account) => account.name === name);
  const group = groupsOf(text).find((line) => line.name === name);
  return group && { uid: group.gid, gid: group.gid };
}
