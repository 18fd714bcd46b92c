import { suggestionFor } from '../../dockerfile/suggestion.ts';
import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { imageNotStored, missingImageName } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { familiarName, fullName } from '../stored-images.ts';
import type { World } from '../world.ts';

/** `cip image rm`: takes names from the store, all of them or none; `cip cache prune` frees what they alone needed. */
export async function run({ options, positionals }: Invocation<'json'>, world: World) {
  if (positionals.length === 0) throw new FailureError(missingImageName('image rm'));
  const { refs } = await world.store();
  const known = await refs.list();
  const names = positionals.map((typed) => {
    if (known.has(typed)) return typed;
    const name = fullName(typed);
    if (known.has(name)) return name;
    throw new FailureError(
      imageNotStored(typed, suggestionFor(familiarName(name), [...known.keys()].map(familiarName))),
    );
  });
  const removed = await refs.remove(names, world.signal);
  if (options.json) {
    const document = { schema: 'cip.images/v1', command: 'image rm', removed, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print(removed.map((name) => `${familiarName(name)}\n`).join(''));
  return exitStatus.done;
}
