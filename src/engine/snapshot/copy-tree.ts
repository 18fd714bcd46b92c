import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { FailureError } from '../../result.ts';
import { treeNotCopied } from './failure.ts';

/** Copies a directory, with all that its files have, to a path where nothing is. Throws FailureError. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  const copied = await runProgram('cp', { args: ['-a', '--reflink=auto', '--', from, to], env: 'inherited' }, signal);
  if (!succeeded(copied)) throw new FailureError(treeNotCopied(complaintOf(copied)));
}
