import type { BigIntStats } from 'node:fs';
import { utimes } from 'node:fs/promises';

/** Gives a file or directory the times that it had, to the microsecond. `path` is no link. */
export async function restoreTimes(
  path: string,
  { atimeNs, mtimeNs }: Pick<BigIntStats, 'atimeNs' | 'mtimeNs'>,
): Promise<void> {
  await utimes(path, seconds(atimeNs), seconds(mtimeNs));
}

/**
 * The microsecond is the finest that utimes() takes; what came out of an archive has whole seconds. Half of one more
 * keeps the rounding of a floating-point number from making it the one before.
 */
function seconds(nanoseconds: bigint): number {
  const microseconds = Number(nanoseconds / 1000n);
  return (microseconds % 1e6 === 0 ? microseconds : microseconds + 0.5) / 1e6;
}
