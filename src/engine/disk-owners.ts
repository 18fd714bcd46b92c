import { hexOf } from '../oci/digest.ts';
import { digestOfFields } from '../oci/fields-digest.ts';
import type { IsolationTier } from './engine-options.ts';
import { type Ids, isOneId, ownIds } from './executor/id-map.ts';
import type { DiskOwners } from './snapshot/disk-owners.ts';

/** Of this process, which is inside the namespaces of the tier. */
export async function diskOwners(tier: IsolationTier): Promise<DiskOwners> {
  const ids = await ownIds();
  if (!keepsOwners(tier, ids)) return { areKept: false, name: 'one-id' };
  return { areKept: true, name: tier === 'subuid-map' ? nameOf(ids) : '' };
}

/** Whether a RUN step in the tier can give files to users and groups; without namespaces `ids` decide. */
export function keepsOwners(tier: IsolationTier, ids: Ids): boolean {
  if (tier !== 'none') return tier !== 'single-uid';
  return process.getuid?.() === 0 && !isOneId(ids.users) && !isOneId(ids.groups);
}

/** A user's range in /etc/subuid may be another tomorrow. */
function nameOf({ users, groups }: Ids): string {
  const text = [users, groups].map((ranges) => JSON.stringify(ranges));
  return hexOf(digestOfFields(['ids', ...text])).slice(0, 12);
}
