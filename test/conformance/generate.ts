import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { mapBounded } from '../../src/map-bounded.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { CompareOne, Examine } from './builders.ts';
import type { Difference } from './difference.ts';
import type { Identity } from './identity.ts';
import { type RandomCase, randomCaseOf, writeRandomCase } from './random-case.ts';
import { reasonsIn } from './reasons.ts';
import { repaired } from './repair.ts';
import { shrunk } from './shrink.ts';

export interface GenerateOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Where cases that differ are written, each as a folder of its own. */
  readonly into: string;
  /** Ways to differ, as `wayOf` calls them, that are counted and not looked into. */
  readonly skip: readonly string[];
  readonly compareOne: CompareOne;
  /** Asks the oracles about each case as well; not asked if it is not given. */
  readonly examine?: Examine | undefined;
  /** Who cip builds as. */
  readonly identity: Identity;
  readonly report: (line: string) => void;
}

/** How many random cases are looked into at a time. */
const WORKERS = 2;

/**
 * Builds random cases with both builders, `seed` first, until the time is over; one that both refuse is tried again without
 * what is wrong in it. The first that differs in some way is made as small as it gets and written to `into`; others that differ
 * in the same way are only counted.
 */
export async function generate(options: GenerateOptions): Promise<void> {
  const { seed, minutes, into, skip, compareOne, examine, identity, report } = options;
  await using scratch = await tempDir();
  // An ordinary user builds from there.
  await chmod(scratch.path, 0o755);
  let end = performance.now() + minutes * 60_000;
  const ways = new Map<string, number>();
  const refusals = new Map<string, number>();
  const count = { builds: 0, equal: 0, refused: 0, different: 0, shrinking: 0 };
  let folders = 0;
  const tried = async (one: RandomCase) => {
    const name = `random-${folders++}`;
    const made = await writeRandomCase(one, join(scratch.path, name), name);
    const { outcome, differences, refused } = await compareOne(made, identity);
    const objections = outcome === 'refused' ? [] : ((await examine?.(made, identity)) ?? []);
    const found = [...differences.map(wayOf), ...objections.map(({ oracle }) => `oracle: ${oracle}`)];
    return { outcome: objections.length > 0 ? 'different' : outcome, ways: new Set(found), refused } as const;
  };
  const shrink = async (one: RandomCase, way: string, number: number) => {
    const small = await shrunk(one, async (smaller) => {
      // With the time over, what was found is written as it is.
      if (performance.now() > end) return false;
      count.shrinking++;
      return (await tried(smaller)).ways.has(way);
    });
    const folder = join(into, `${number}-${way.replaceAll(/[^a-zA-Z]+/g, '-').slice(0, 60)}`);
    await writeRandomCase(small, folder, folder);
    report(`${way}\n    ${folder}`);
  };
  let next = seed;
  const worker = async () => {
    while (performance.now() < end) {
      const number = next++;
      for (let one: RandomCase | undefined = randomCaseOf(number); one !== undefined; ) {
        const { outcome, ways: own, refused } = await tried(one);
        count.builds++;
        count[outcome]++;
        if (refused !== undefined) more(refusals, reasonIn(refused));
        for (const way of own) {
          more(ways, way);
          if (ways.get(way) === 1 && !skip.includes(way)) await shrink(one, way, number);
        }
        one = refused === undefined ? undefined : repaired(one, refused);
      }
    }
  };
  await mapBounded(Array.from({ length: WORKERS }), WORKERS, async () => {
    try {
      await worker();
    } catch (error) {
      // The others have hours to go.
      end = 0;
      throw error;
    }
  });
  const table = (counted: ReadonlyMap<string, number>, what: string) => {
    const sorted = [...counted].sort(([, a], [, b]) => b - a);
    for (const [name, times] of sorted) report(`${String(times).padStart(5)} × ${what}${name}`);
  };
  table(refusals, 'refused by both: ');
  table(ways, '');
  const { builds, equal, refused, different, shrinking } = count;
  report(
    `seed ${seed} to ${next - 1}, ${minutes} minutes: ${builds} cases, ${equal} equal, ${refused} refused by both, ${different} different in ${ways.size} ways; ${shrinking} more to make them small`,
  );
}

/** What two differences of one cause have in common, more or less: no names, no numbers. */
export function wayOf({ at, ours }: Difference): string {
  if (at === 'outcome') {
    return ours === 'built' ? 'outcome: cip builds it' : `outcome: ${reasonIn(String(ours))}`;
  }
  if (at.startsWith('history[')) return at.replace(/\d+/, '');
  if (!at.startsWith('tree/')) return at;
  const field = /\.(type|mode|uid|gid|mtime|size|content|xattrs|links)$/.exec(at)?.[1];
  if (field !== undefined) return `tree: ${field}`;
  return ours === undefined ? 'tree: only BuildKit has it' : 'tree: only cip has it';
}

function reasonIn(said: string): string {
  return reasonsIn(said)[0] ?? 'no reason';
}

function more(counted: Map<string, number>, name: string): void {
  counted.set(name, (counted.get(name) ?? 0) + 1);
}
