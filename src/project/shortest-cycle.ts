/** A shortest way from `start` along `next` back to it, beginning with `start`. Undefined if there is none. */
export function shortestCycle<N>(start: N, next: (node: N) => readonly N[]): readonly N[] | undefined {
  const reachedFrom = new Map<N, N>();
  const queue = [start];
  for (const node of queue) {
    for (const successor of next(node)) {
      if (reachedFrom.has(successor)) continue;
      reachedFrom.set(successor, node);
      if (successor === start) return wayTo(start, reachedFrom);
      queue.push(successor);
    }
  }
  return undefined;
}

function wayTo<N>(start: N, reachedFrom: ReadonlyMap<N, N>): readonly N[] {
  const way: N[] = [];
  let node = start;
  do {
    node = reachedFrom.get(node) as N;
    way.unshift(node);
  } while (node !== start);
  return way;
}
