/** How many names or places a person is told; the rest is counted. */
const most = 8;

/** `base, lib, web`; of many names the first, `and 26 more`. */
export function nameList(names: readonly string[]): string {
  return firstOf(names).join(', ');
}

/** The first of many lines, and `and 26 more`. */
export function firstOf(lines: readonly string[]): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more`];
}
