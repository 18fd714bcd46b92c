const units: readonly (readonly [milliseconds: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
];

/** How long ago something was, for people: `3d ago`, `5h ago`, `now`. In milliseconds. */
export function ago(milliseconds: number): string {
  for (const [unit, name] of units) if (milliseconds >= unit) return `${Math.floor(milliseconds / unit)}${name} ago`;
  return 'now';
}
