import { failuresOf } from '../result.ts';
import { diskSize, takeAway } from '../store/care.ts';
import type { StoreLimits } from '../store/choose.ts';
import type { Store } from '../store/store.ts';
import type { Messages } from './messages.ts';
import type { OptionValues } from './options.ts';
import { freedText } from './render/cache.ts';

/** What a store may have unless somebody says otherwise, in bytes: a tenth of its disk between these. */
const LEAST = 10e9;
const MOST = 100e9;

/** The limits of a store, as they were given. */
export type CareOptions = Partial<OptionValues<'cacheMaxSize' | 'cacheMaxAge' | 'cacheMinFree'>>;

/**
 * Once all that was asked for is done and told: takes from the store what is over its limits, and says so in a line. That it
 * cannot is a notice; the build is none the worse for it.
 */
export async function careAfterBuild(
  store: Store,
  options: CareOptions,
  {
    signal,
    messages,
    isQuiet,
  }: { readonly signal: AbortSignal; readonly messages: Messages; readonly isQuiet: boolean },
): Promise<void> {
  try {
    const limits = limitsOf(options, await diskSize(store));
    // Without any limit everything would be over it.
    if (Object.values(limits).every((limit) => limit === undefined)) return;
    const freed = await takeAway(store, { limits, takesNeeded: true }, signal);
    if (freed.entries.length > 0 && !isQuiet) messages.text(`store: freed ${freedText(freed)}\n`);
  } catch (error) {
    if (signal.aborted) return;
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    if (!isQuiet) for (const failure of failures) messages.failure(failure, 'warning');
  }
}

/** `disk`: bytes of the disk of the store. */
export function limitsOf({ cacheMaxSize, cacheMaxAge, cacheMinFree }: CareOptions, disk: number): StoreLimits {
  return {
    maxSize: cacheMaxSize === 'none' ? undefined : (cacheMaxSize ?? Math.min(MOST, Math.max(LEAST, disk / 10))),
    maxAge: cacheMaxAge === 'none' ? undefined : cacheMaxAge,
    minFree: cacheMinFree === 'none' ? undefined : cacheMinFree,
  };
}
