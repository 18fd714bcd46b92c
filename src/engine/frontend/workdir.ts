import { posix } from 'node:path';
import type { WordInstruction } from '../../dockerfile/dockerfile.ts';
import { excessOf } from '../../tree-path.ts';
import { invalidValue } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import { resolvePath } from './resolve-path.ts';
import type { StageState } from './stage-state.ts';

/**
 * Relative to the WORKDIR before it. Directories that are missing belong to the USER of this moment. An absolute path is
 * kept in the configuration as it is written.
 */
export function lowerWorkdir(
  { value, text, at }: WordInstruction,
  state: StageState,
  context: InstructionContext,
): void {
  const written = context.expand(value, state.valueOf, at);
  const workdir = posix.isAbsolute(written) ? written : posix.join(state.config.WorkingDir || '/', written, '.');
  const path = resolvePath(workdir, '/');
  const excess = excessOf(path);
  if (excess !== undefined) {
    context.lowering.fail(invalidValue({ what: 'WORKDIR', value: path, hint: `it has ${excess}` }, at));
    return;
  }
  state.config.WorkingDir = workdir;
  const createdBy = `WORKDIR ${workdir}`;
  if (workdir === '/') context.record(state, createdBy);
  else {
    const op = {
      kind: 'make-directory',
      path,
      user: state.user,
      mtime: context.lowering.mtime,
      epoch: context.lowering.input.epoch,
    } as const;
    context.push(state, { op, text, at, createdBy });
  }
}
