import { FailureError } from '../../result.ts';
import { unknownOwner } from './failure.ts';
import type { StepOrigin } from './op-definition.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Text of a file of the image, undefined where it is missing. */
export type ReadText = (path: string) => Promise<string | undefined>;

/**
 * The owner that `--chown=user[:group]` names. A name alone takes the group of its passwd line, a number alone the same
 * number as group. An unknown name fails (ADR 0011; BuildKit silently takes 0).
 */
export async function lookupOwner(text: string, readText: ReadText, origin?: StepOrigin): Promise<Owner> {
  const [user = '', group = ''] = text.split(':', 2);
  const found = await lookupName(user, 'etc/passwd', readText, origin);
  const gid = group === '' ? found.gid : (await lookupName(group, 'etc/group', readText, origin)).uid;
  return { uid: found.uid, gid };
}

async function lookupName(name: string, file: string, readText: ReadText, origin?: StepOrigin): Promise<Owner> {
  if (name === '') return { uid: 0, gid: 0 };
  if (/^\d+$/.test(name)) return { uid: Number(name), gid: Number(name) };
  const text = await readText(file);
  for (const line of (text ?? '').split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new FailureError(unknownOwner(name, `/${file}`, origin));
}
