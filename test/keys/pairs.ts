import fc from 'fast-check';
import { arbitraryPair } from './arbitrary-pair.ts';
import { buildThreeWays, type Pair, type Verdict } from './three-ways.ts';
import { tools } from './tools.ts';

export interface PairsResult {
  readonly pairs: number;
  /** Of them: those that build before and after. */
  readonly built: number;
  /** Of those: the edit changed the key. */
  readonly changed: number;
  /** Pairs for which cip lied, with what came of them. */
  readonly lies: readonly { readonly pair: Pair; readonly verdict: Verdict; readonly why: string }[];
}

/** Builds so many generated pairs as one project. Equal seeds give equal pairs. */
export async function tryPairs(seed: number, count: number): Promise<PairsResult> {
  const pairs = fc.sample(arbitraryPair, { seed, numRuns: count }).map((pair, index) => ({ ...pair, id: `p${index}` }));
  const verdicts = await buildThreeWays(pairs, { shared: tools() });
  const all = pairs.map((pair) => ({ pair, verdict: verdicts.get(pair.id)! }));
  const built = all.filter(({ verdict }) => verdict.before !== undefined && verdict.fresh !== undefined);
  return {
    pairs: pairs.length,
    built: built.length,
    changed: built.filter(({ verdict }) => verdict.changed).length,
    lies: all.flatMap(({ pair, verdict }) => {
      const why = lieIn(verdict);
      return why === undefined ? [] : [{ pair, verdict, why }];
    }),
  };
}

/** What `cip why` says where it has nothing to say of a change that it has seen both sides of. */
export const untold: ReadonlySet<string> = new Set([
  'file-changed',
  'instruction-changed, to the same',
  'never-built',
  'planned',
  'record-gone',
]);

function lieIn({ before, changed, cached, uncached, fresh, why }: Verdict): string | undefined {
  if (cached !== fresh) return 'the cache gives another image than an empty store';
  if (uncached !== fresh) return '--no-cache gives another image than an empty store';
  if (!changed && before !== fresh) return 'up to date, but an empty store gives another image';
  const isUntold = changed && before !== undefined && fresh !== undefined && (why === undefined || untold.has(why));
  return isUntold ? `cip why says ${why}` : undefined;
}
