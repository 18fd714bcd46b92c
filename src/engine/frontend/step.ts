import type { OpDefinition, Step } from '../op/op-definition.ts';
import { makeVertex, type Vertex } from '../solver/vertex.ts';

/** A vertex for a step; where it stands in a Dockerfile is not part of what it means. */
export function step(
  { op, inputs, name }: { readonly op: OpDefinition; readonly inputs: readonly Vertex<Step>[]; readonly name: string },
  rest: Omit<Step, 'op'> = {},
): Vertex<Step> {
  return makeVertex({ op: { op, ...rest }, meaning: op, inputs, name });
}
