import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../src/remove-tree.ts';
import type { Built, ConformanceBuilder } from './builder.ts';
import { type Case, stageContext } from './case.ts';
import { type Difference, differences } from './difference.ts';
import { readImage } from './image.ts';

/** How the two builders did on one case. */
export interface Comparison {
  readonly case: Case;
  /** `refused`: both would not build it. */
  readonly outcome: 'equal' | 'refused' | 'different';
  readonly differences: readonly Difference[];
}

/**
 * Builds a case with both, below `directory`, which is empty again afterwards. `start`, in seconds, is when the builders began:
 * what they made since then has a time that nobody defined.
 */
export async function compare(
  one: Case,
  [ours, theirs]: readonly [ConformanceBuilder, ConformanceBuilder],
  { directory, start }: { readonly directory: string; readonly start: number },
): Promise<Comparison> {
  const scratch = join(directory, one.name.replaceAll('/', '_'));
  await mkdir(scratch);
  try {
    const context = join(scratch, 'context');
    await stageContext(one, context);
    const staged = { case: one, context, scratch };
    const [own, other] = [await ours.build(staged), await theirs.build(staged)];
    return { case: one, ...(await judged(own, other, one, start)) };
  } finally {
    await removeTree(scratch);
  }
}

async function judged(
  own: Built,
  other: Built,
  { args }: Case,
  start: number,
): Promise<Pick<Comparison, 'outcome' | 'differences'>> {
  if ('refused' in own && 'refused' in other) return { outcome: 'refused', differences: [] };
  if ('refused' in own || 'refused' in other) {
    const said = (built: Built) => ('refused' in built ? `refused: ${built.refused}` : 'built');
    return { outcome: 'different', differences: [{ at: 'outcome', ours: said(own), theirs: said(other) }] };
  }
  const found = differences(await readImage(own.layout), await readImage(other.layout), start);
  const defined = found.filter(({ at }) => !Object.keys(args.undefined).some((field) => at.startsWith(field)));
  return { outcome: defined.length === 0 ? 'equal' : 'different', differences: defined };
}
