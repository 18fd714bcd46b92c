import { createHash } from 'node:crypto';
import { ChainID, type DiffID } from './digest.ts';

/** Identity of a stack of layers, base first; undefined for the empty stack, which has none. */
export function chainIDOf(diffIDs: readonly DiffID[]): ChainID | undefined {
  let chain: string | undefined;
  for (const diffID of diffIDs) {
    chain = chain === undefined ? diffID : `sha256:${createHash('sha256').update(`${chain} ${diffID}`).digest('hex')}`;
  }
  return chain === undefined ? undefined : ChainID.parse(chain);
}
