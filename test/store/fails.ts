import assert from 'node:assert/strict';
import { type Failure, FailureError } from '../../src/result.ts';

/** Resolves to the failure that `promise` rejects with, if its reason is the expected one. */
export async function fails(promise: Promise<unknown>, reason: string): Promise<Failure> {
  const error = await promise.then(
    (value) => assert.fail(`${reason} was expected, and it succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (!(error instanceof FailureError)) throw error;
  assert.equal(error.failure.reason, reason);
  return error.failure;
}
