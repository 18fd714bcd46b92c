import { inventoryOf } from '../../store/care.ts';
import { exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { cacheTable, entryJson, entryTable, totalsOf } from '../render/cache.ts';
import type { World } from '../world.ts';

/** `cip cache du`: what the store keeps, and how much of it. */
export async function run({ options }: Invocation<'json' | 'verbose'>, world: World) {
  const inventory = await inventoryOf(await world.store(), world.signal);
  const { entries, now } = inventory;
  if (options.json) {
    const kinds = totalsOf(entries).map(({ lastUse, ...total }) => ({
      ...total,
      ...(lastUse !== undefined && { lastUse: new Date(lastUse).toISOString() }),
    }));
    const document = {
      schema: 'cip.cache/v1',
      command: 'cache du',
      kinds,
      entries: entries.map(entryJson),
      failures: [],
    };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
    return exitStatus.done;
  }
  if (options.verbose > 0) world.print(`${entryTable(entries, now)}\n`);
  world.print(cacheTable(inventory));
  return exitStatus.done;
}
