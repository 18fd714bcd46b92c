import { rename } from 'node:fs/promises';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import { sandboxFailed } from './failure.ts';
import type { ExecutorTools } from './tools.ts';

/** Moves a file or directory to where nothing is; to another file system it is copied with all that it has. Throws FailureError. */
export async function moveFile(from: string, to: string, { cp }: Pick<ExecutorTools, 'cp'>): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const copied = await runProgram(cp, { args: ['-a', '--', from, to], env: 'inherited' });
    if (!succeeded(copied)) throw new FailureError(sandboxFailed(complaintOf(copied)), { cause: error });
    await removeTree(from);
  }
}
