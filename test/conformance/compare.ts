import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../src/remove-tree.ts';
import type { ConformanceBuilder } from './builder.ts';
import { type Case, stageContext } from './case.ts';
import { type Difference, differences } from './difference.ts';
import type { Identity } from './identity.ts';
import { readImage } from './image.ts';
import type { Reference, Result } from './reference.ts';

/** How the two builders did on one case. */
export interface Comparison {
  readonly case: Case;
  readonly identity: Identity;
  /** `refused`: both would not build it. */
  readonly outcome: 'equal' | 'refused' | 'different';
  readonly differences: readonly Difference[];
  /** What cip said where both refused. */
  readonly refused?: string;
}

/**
 * Builds a case below `directory`, which is empty again afterwards, and compares it with what the reference is. `start`, in
 * seconds, is when the builders began: what they made since then has a time that nobody defined.
 */
export async function compare(
  one: Case,
  {
    cip,
    reference,
  }: { readonly cip: ConformanceBuilder & { readonly identity: Identity }; readonly reference: Reference },
  { directory, start }: { readonly directory: string; readonly start: number },
): Promise<Comparison> {
  const scratch = join(directory, `${cip.identity}-${one.name.replaceAll('/', '_')}`);
  await mkdir(scratch);
  try {
    const staged = async (name: string) => {
      const place = join(scratch, name);
      await mkdir(place);
      const context = join(place, 'context');
      await stageContext(one, context);
      return { case: one, context, scratch: place };
    };
    const built = await cip.build(await staged('ours'));
    const own: Result = 'refused' in built ? built : { image: await readImage(built.layout) };
    const other = await reference.resultOf(one, () => staged('theirs'));
    // What only BuildKit refuses may be a failure of this machine.
    if (!('refused' in other) || 'refused' in own) await reference.keep(one, other);
    return { case: one, identity: cip.identity, ...judged(own, other, one, start) };
  } finally {
    await removeTree(scratch);
  }
}

function judged(
  own: Result,
  other: Result,
  { args }: Case,
  start: number,
): Pick<Comparison, 'outcome' | 'differences' | 'refused'> {
  if ('refused' in own && 'refused' in other) return { outcome: 'refused', differences: [], refused: own.refused };
  if ('refused' in own || 'refused' in other) {
    const said = (result: Result) => ('refused' in result ? `refused: ${result.refused}` : 'built');
    return { outcome: 'different', differences: [{ at: 'outcome', ours: said(own), theirs: said(other) }] };
  }
  const found = differences(own.image, other.image, start);
  const defined = found.filter(({ at }) => !Object.keys(args.undefined).some((field) => at.startsWith(field)));
  return { outcome: defined.length === 0 ? 'equal' : 'different', differences: defined };
}
