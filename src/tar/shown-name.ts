/** A name for a message, in quotes: one that is too long to read is cut. */
export function shownName(name: string): string {
  return name.length <= LIMIT ? JSON.stringify(name) : `${JSON.stringify(name.slice(0, LIMIT))}…`;
}

/** UTF-16 units. */
const LIMIT = 160;
