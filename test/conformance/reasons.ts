/** The reasons of the failures that cip printed, each once, sorted; none where it printed no failure. Text of messages may name directories. */
export function reasonsIn(said: string): readonly string[] {
  return [...new Set([...said.matchAll(/^(?:refused: )?error\[([a-z-]+)\]/gm)].map(([, reason]) => reason!))].sort();
}
