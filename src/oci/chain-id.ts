import { createHash } from 'node:crypto';
import { ChainID, type DiffID } from './digest.ts';

/** Identity of a stack of layers, base first; undefined for the empty stack, which has none. */
export function chainIDOf(diffIDs: readonly DiffID[]): ChainID | undefined {
  return chainIDsOf(diffIDs).at(-1);
}

/** Identities of the stacks up to each layer, base first: as many as there are layers. */
export function chainIDsOf(diffIDs: readonly DiffID[]): ChainID[] {
  let chain: string | undefined;
  return diffIDs.map((diffID) => {
    chain = chain === undefined ? diffID : `sha256:${createHash('sha256').update(`${chain} ${diffID}`).digest('hex')}`;
    return ChainID.parse(chain);
  });
}
