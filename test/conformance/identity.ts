import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/paths.ts';
import { reasonsIn } from './reasons.ts';

/** Who cip builds as: root; an ordinary user with a range in /etc/subuid; root without namespaces, as in a container. */
export const identities = ['root', 'user', 'chroot'] as const;

export type Identity = (typeof identities)[number];

/** What cip cannot do for an identity, by the `reason` of its failure: no row for each case that asks for it. */
const forced = JSON.parse(readFileSync(join(root, 'test', 'conformance', 'forced.json'), 'utf8')) as Readonly<
  Record<Identity, Readonly<Record<string, string>>>
>;

/** Whether what cip said is such a failure, and nothing else. */
export function isForced(said: string, identity: Identity): boolean {
  const reasons = reasonsIn(said);
  return reasons.length > 0 && reasons.every((reason) => Object.hasOwn(forced[identity], reason));
}
