import { FailureError } from '../../src/result.ts';

/** For `assert.rejects` and `assert.throws`: a failure of this reason. */
export function failsWith(reason: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof FailureError && error.failure.reason === reason) return true;
    throw error;
  };
}
