/** https://reproducible-builds.org/specs/source-date-epoch/ */
export const sourceDateEpoch = 'SOURCE_DATE_EPOCH';

/** Seconds since 1970 that the text says; undefined where it is empty, NaN where it says no such time. */
export function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  return /^\d{1,11}$/.test(text) ? Number(text) : Number.NaN;
}

/** Whether it is the time itself, and not the name of something that has one, or nothing. */
export function isSeconds(text: string): boolean {
  return parseEpoch(text) !== undefined && !Number.isNaN(parseEpoch(text));
}

/** What the argument may be instead of seconds: the time of the context; a directory has none. */
export const timeOfContext = 'context';

/** Of build arguments; undefined for one that names what has a time. */
export function epochOf(buildArgs: Readonly<Record<string, string>>): number | undefined {
  const text = buildArgs[sourceDateEpoch];
  return text !== undefined && isSeconds(text) ? Number(text) : undefined;
}

/** Seconds since 1970 as RFC 3339 writes them, in whole seconds. */
export function timeText(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, -5)}Z`;
}
