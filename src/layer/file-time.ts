/** Whole seconds for `utimes`, which takes a negative number for the present. */
export function fileTime(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}
