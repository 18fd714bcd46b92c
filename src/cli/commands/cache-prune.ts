import { takeAway, wouldTakeAway } from '../../store/care.ts';
import type { Wish } from '../../store/choose.ts';
import { exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { entryJson, freedText } from '../render/cache.ts';
import type { World } from '../world.ts';

type Options = 'all' | 'maxSize' | 'maxAge' | 'minFree' | 'filter' | 'dryRun' | 'json';

/** `cip cache prune`: takes from the store what no image with a name needs and no process uses. */
export async function run({ options }: Invocation<Options>, world: World) {
  const { all, maxSize, maxAge, minFree, filter, dryRun } = options;
  const wish: Wish = {
    limits: { maxSize, maxAge, minFree },
    takesNeeded: all,
    kinds: filter.length === 0 ? undefined : new Set(filter),
  };
  const freed = await (dryRun ? wouldTakeAway : takeAway)(await world.store(), wish, world.signal);
  const entries = freed.entries.map(entryJson);
  const document = {
    schema: 'cip.cache/v1',
    command: 'cache prune',
    freed: freed.bytes,
    entries,
    dryRun,
    failures: [],
  };
  if (options.json) world.print(`${JSON.stringify(document, null, 2)}\n`);
  else world.print(`${dryRun ? 'would free' : 'freed'} ${freedText(freed)}\n`);
  return exitStatus.done;
}
