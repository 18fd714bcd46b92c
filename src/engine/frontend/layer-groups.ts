import type { LayerChoice } from '../../context/layer-choice.ts';
import type { History } from '../../oci/image-config.ts';
import type { Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import type { StageState } from './stage-state.ts';
import { step } from './step.ts';

/** What is built, and what its history says, with the layers that are wanted: one for each step without a choice. */
export function withLayers(
  state: StageState,
  choice: LayerChoice | undefined,
): { readonly vertex: Vertex<Step>; readonly history: readonly History[] } {
  const { vertex, history, baseLayers } = state;
  if (choice === undefined) return { vertex, history };
  const own = ownGroups(state, choice);
  const all = choice === 'one' ? [baseLayers + state.ownLayers] : [...Array<number>(baseLayers).fill(1), ...own];
  const groups = all.filter((count) => count > 0);
  if (groups.every((count) => count === 1)) return { vertex, history };
  const op = { kind: 'squash', groups } as const;
  const name = `layers: ${op.groups.length}`;
  return { vertex: step({ op, inputs: [vertex], name }), history: groupedHistory(history, own, choice === 'one') };
}

/** How many steps each layer has that is made of steps. */
function ownGroups({ ownLayers, commits }: StageState, choice: LayerChoice): readonly number[] {
  if (choice !== 'marked') return [ownLayers];
  const ends = [...new Set([...commits, ownLayers])].sort((a, b) => a - b);
  return ends.map((end, at) => end - (ends[at - 1] ?? 0)).filter((count) => count > 0);
}

/** The last step of each layer has it; with `isOne` those of the base have none. */
function groupedHistory(history: readonly History[], own: readonly number[], isOne: boolean): readonly History[] {
  const kept = new Set<number>();
  const layers = history.flatMap((entry, at) => (entry.empty_layer === true ? [] : [at]));
  let end = layers.length - own.reduce((sum, count) => sum + count, 0);
  if (!isOne) for (const at of layers.slice(0, Math.max(0, end))) kept.add(at);
  for (const count of own) {
    end += count;
    const last = layers[end - 1];
    if (last !== undefined) kept.add(last);
  }
  if (isOne && kept.size === 0 && layers.length > 0) kept.add(layers.at(-1)!);
  return history.map((entry, at) =>
    entry.empty_layer === true || kept.has(at) ? entry : { ...entry, empty_layer: true },
  );
}
