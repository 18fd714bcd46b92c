import { familiarReference, parseReference } from '../../oci/reference.ts';
import { type BaseMove, isExternal, parentName } from '../state/bases.ts';
import type { PlanReason } from './plan.ts';

/** Each image that moved once, external ones first, as people write them. */
export function moveReasons(moves: readonly BaseMove[]): readonly PlanReason[] {
  const once = [
    ...new Map(moves.map((move) => [isExternal(move.name) ? move.name : parentName(move.name), move])).values(),
  ];
  return [...once.filter(({ name }) => isExternal(name)), ...once.filter(({ name }) => !isExternal(name))].map(
    ({ name, before, after }): PlanReason => {
      if (!isExternal(name)) return { code: 'parent-base-moved', parent: parentName(name) };
      return {
        code: 'base-moved',
        reference: familiarName(name),
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      };
    },
  );
}

function familiarName(name: string): string {
  const reference = parseReference(name);
  return reference.ok ? familiarReference(reference.value) : name;
}
