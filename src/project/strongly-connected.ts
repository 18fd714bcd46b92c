/**
 * The strongly connected components of a graph, each after all those that it leads to: where `next` gives the parents,
 * parents come before children. A component of more than one node is what all cycles through its nodes lie in.
 * Linear time, any depth. Tarjan, “Depth-first search and linear graph algorithms”, SIAM J. Comput. 1 (1972).
 */
export function stronglyConnected<N>(nodes: Iterable<N>, next: (node: N) => readonly N[]): readonly (readonly N[])[] {
  const states = new Map<N, State>();
  const stack: N[] = [];
  const components: N[][] = [];
  const enter = (node: N): Frame<N> => {
    const state = { index: states.size, low: states.size, onStack: true };
    states.set(node, state);
    stack.push(node);
    return { node, state, successors: next(node).values() };
  };

  for (const root of nodes) {
    if (states.has(root)) continue;
    // The recursion of the textbook, with its frames in an array: a chain of images may be deeper than the call stack.
    const frames = [enter(root)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { done, value: successor } = frame.successors.next();
      if (!done) {
        const seen = states.get(successor);
        if (seen === undefined) frames.push(enter(successor));
        else if (seen.onStack) frame.state.low = Math.min(frame.state.low, seen.index);
        continue;
      }
      frames.pop();
      const caller = frames.at(-1);
      if (caller !== undefined) caller.state.low = Math.min(caller.state.low, frame.state.low);
      if (frame.state.low === frame.state.index) components.push(popComponent(frame.node, stack, states));
    }
  }
  return components;
}

interface State {
  readonly index: number;
  low: number;
  onStack: boolean;
}

interface Frame<N> {
  readonly node: N;
  readonly state: State;
  readonly successors: Iterator<N>;
}

function popComponent<N>(root: N, stack: N[], states: ReadonlyMap<N, State>): N[] {
  const component = stack.splice(stack.lastIndexOf(root));
  for (const node of component) (states.get(node) as State).onStack = false;
  return component;
}
