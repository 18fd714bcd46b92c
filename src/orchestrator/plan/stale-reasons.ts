import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { Project } from '../../project/project.ts';
import type { StaleReference } from '../../project/stale.ts';
import type { KeyChange } from '../key/key-change.ts';
import { imageOfParentKey } from '../key/parent-key.ts';
import type { PlanReason } from './plan.ts';

/**
 * Where a reference has fallen behind, nobody changed that instruction: what changed is the version of the parent, whose
 * content then isn't a part of the key any more either. Undefined for a change that has another cause.
 */
export function staleReasons(
  change: KeyChange,
  stale: readonly StaleReference[],
  { edges, project }: DependencyGraph,
): readonly PlanReason[] | undefined {
  if (change.code === 'instruction-changed') {
    const here = stale.filter(({ edge }) => instructionLine(edge, project) === change.line);
    if (here.length === 0) return undefined;
    return here.map(({ edge: { to, tag, at }, current }) => {
      return { code: 'stale-reference', path: at.file, line: at.line, parent: to, version: tag ?? '', current };
    });
  }
  if (change.code !== 'parent-changed') return undefined;
  const parent = imageOfParentKey(change.parent);
  const toIt = edges.filter(({ from, to }) => to === parent && stale.some(({ edge }) => edge.from === from));
  return toIt.length > 0 && toIt.every((edge) => stale.some((one) => one.edge === edge)) ? [] : undefined;
}

/** The line that the instruction begins at in which the reference stands. */
function instructionLine({ from, stage, at }: Edge, { contexts }: Project): number | undefined {
  const found = contexts.get(from)!.dockerfile.stages[stage]!;
  const all = [found.from, ...found.instructions];
  return all.findLast((instruction) => instruction.at.offset <= at.offset)?.at.line;
}
