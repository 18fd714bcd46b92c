import { canonicalText } from '../../oci/canonical.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';

/** A node of the build graph: an operation and its inputs. Equal digests are the same work, done once. */
export interface Vertex<O> {
  /** sha256 of the canonical text of what `op` means and of the inputs' digests. Not stable across versions of cip. */
  readonly digest: Digest;
  readonly op: O;
  readonly inputs: readonly Vertex<O>[];
  /** For people: `[build 3/7] RUN make`. Not part of the digest. */
  readonly name: string;
}

/** `meaning` is the part of `op` that tells what is done; by default all of it. */
export function makeVertex<O>(parts: {
  readonly op: O;
  readonly meaning?: unknown;
  readonly inputs: readonly Vertex<O>[];
  readonly name: string;
}): Vertex<O> {
  const { op, meaning = op, inputs, name } = parts;
  const digest = digestOf(canonicalText({ op: meaning, inputs: inputs.map((input) => input.digest) }));
  return { digest, op, inputs, name };
}

/** What a frontend hands to the solver: a graph, by its last vertex. Plain data; can be printed and compared. */
export interface Definition<O> {
  readonly target: Vertex<O>;
}
