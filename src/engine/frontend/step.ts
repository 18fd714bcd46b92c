import type { OpDefinition, Step } from '../op/op-definition.ts';
import { makeVertex, type Vertex } from '../solver/vertex.ts';

/** A vertex for a step; where it stands in a Dockerfile is not part of what it means. */
export function step(op: OpDefinition, inputs: readonly Vertex<Step>[], name: string, origin?: Step['origin']): Vertex<Step> {
  return makeVertex({ op: { op, origin }, meaning: op, inputs, name });
}
