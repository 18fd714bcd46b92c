import type { Failure, Result } from '../../src/result.ts';

/** What a result holds; a test that expects one and gets failures ends with them. */
export function valueIn<T>(result: Result<T, Failure | readonly Failure[]>): T {
  if (result.ok) return result.value;
  throw new Error(`expected a value, got ${JSON.stringify(result.failure)}`);
}

/** The reasons of all failures, in order; empty for a value. */
export function reasonsIn(result: Result<unknown, Failure | readonly Failure[]>): readonly string[] {
  if (result.ok) return [];
  const { failure } = result;
  return 'reason' in failure ? [failure.reason] : failure.map(({ reason }) => reason);
}
