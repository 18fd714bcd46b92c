import type { ImageName } from '../../project/image-name.ts';
import { assertNever } from '../../result.ts';
import type { KeyChange } from '../key/key-change.ts';
import { imageOfParentKey } from '../key/parent-key.ts';
import type { Decisions } from './decisions.ts';
import type { PlanReason } from './plan.ts';
import type { PlanInputs } from './plan-inputs.ts';
import { staleReasons } from './stale-reasons.ts';

/** The reasons of a decision and, where content is other than it was, what changed in its sources. */
export function reasonsOf(
  name: ImageName,
  decisions: Decisions,
  { graph, changesBetween }: PlanInputs,
): readonly PlanReason[] {
  const { action, changed, reasons } = decisions.get(name)!;
  if (changed === undefined) return reasons;
  const path = graph.project.contexts.get(name)!.path;
  const known = changesBetween(changed.before, changed.after) ?? [];
  const stale = graph.stale.filter(({ edge }) => edge.from === name);
  const changes =
    known.length > 0
      ? known.flatMap((change) => staleReasons(change, stale, graph) ?? shown(change, path, decisions))
      : [{ code: 'key-changed' } as const];
  return action === 'drift' ? [...reasons, ...changes] : [...changes, ...reasons];
}

function shown(change: KeyChange, path: string, decisions: Decisions): PlanReason {
  switch (change.code) {
    case 'input-changed':
      return { ...change, path: `${path}/${change.path}` };
    case 'instruction-changed':
    case 'instruction-added':
    case 'instruction-removed':
      return { ...change, path: `${path}/Dockerfile` };
    case 'parent-changed': {
      const isBuilt = change.how !== 'left' && decisions.get(imageOfParentKey(change.parent))?.action === 'build';
      return isBuilt ? { code: 'parent-built', parent: change.parent } : change;
    }
    case 'argument-changed':
    case 'target-changed':
      return change;
    case 'escape-changed':
      return { ...change, path: `${path}/Dockerfile` };
    default:
      return assertNever(change);
  }
}
