import { isRemote } from '../../context/selector.ts';
import type { AddInstruction } from '../../dockerfile/dockerfile.ts';
import { pushCopy } from './copy.ts';
import { notSupported } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import type { StageState } from './stage-state.ts';

/** ADD of local files: COPY that unpacks archives. */
export function lowerAdd(instruction: AddInstruction, state: StageState, context: InstructionContext): void {
  const remote = instruction.sources.find((source) => isRemote(context.expand(source, state.valueOf, instruction.at)));
  if (remote !== undefined) {
    const hint = 'download it in a RUN, or put the file into the context and ADD it from there';
    context.lowering.fail(notSupported(`ADD of ${remote}`, hint, instruction.at));
    return;
  }
  const flag = instruction.checksum === undefined ? '--keep-git-dir' : '--checksum';
  if (instruction.checksum !== undefined || instruction.keepGitDir !== undefined) {
    const hint = `remove ${flag}: the sources are files of the build context`;
    context.lowering.fail(notSupported(`ADD ${flag}, which is for remote sources,`, hint, instruction.at));
    return;
  }
  pushCopy({
    instruction,
    state,
    context,
    source: { type: 'context' },
    parents: false,
    unpack: instruction.unpack ?? true,
  });
}
