import { hexOf } from '../oci/digest.ts';
import { digestOfFields } from '../oci/fields-digest.ts';
import type { IsolationTier } from './engine-options.ts';
import { areAll, areTooFew, type Ids, ownIds } from './executor/id-map.ts';
import type { DiskOwners } from './snapshot/layers.ts';

/** Of this process, which is inside the namespaces of the tier. `outside`: the name of the ids that cip was started with. */
export async function diskOwners(tier: IsolationTier, outside = ''): Promise<DiskOwners> {
  const ids = await ownIds();
  if (!keepsOwners(tier, ids)) return { areKept: false, name: 'one-id' };
  const names = [outside, ...(tier === 'subuid-map' ? [nameOf(ids)] : [])];
  return { areKept: true, name: names.filter((name) => name !== '').join('-') };
}

/** Whether a RUN step in the tier can give files to users and groups; without namespaces `ids` decide. */
export function keepsOwners(tier: IsolationTier, ids: Ids): boolean {
  if (tier !== 'none') return tier !== 'single-uid';
  return process.getuid?.() === 0 && ids.chown !== false && !areTooFew(ids.users) && !areTooFew(ids.groups);
}

/** What root's files are on disk differs by the user namespace that cip is started in; '' for the first of the machine. */
export function nameOfNamespace(ids: Ids): string {
  return areAll(ids.users) && areAll(ids.groups) ? '' : nameOf(ids);
}

/** A user's range in /etc/subuid may be another tomorrow. */
function nameOf({ users, groups }: Ids): string {
  const text = [users, groups].map((ranges) => JSON.stringify(ranges));
  return hexOf(digestOfFields(['ids', ...text])).slice(0, 12);
}
