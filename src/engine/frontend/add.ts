import type { AddInstruction } from '../../dockerfile/dockerfile.ts';
import {
  describeRemote,
  isFixed,
  isRemoteSource,
  parseRemoteSource,
  withoutPassword,
} from '../../dockerfile/remote-source.ts';
import type { FetchedSource } from '../op/op-definition.ts';
import { pushCopy } from './copy.ts';
import { invalidValue, notSupported, remoteNotCounted } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import type { StageState } from './stage-state.ts';

/** ADD: COPY that unpacks archives of the context, and fetches what is elsewhere. */
export function lowerAdd(instruction: AddInstruction, state: StageState, context: InstructionContext): void {
  const { at, checksum } = instruction;
  const words = instruction.sources.map((source) => context.expand(source, state.valueOf, at));
  const remote = words.filter(isRemoteSource);
  // What a base says may be an address.
  const isLocal = remote.length === 0 && !state.hasGuessed;
  if (isLocal && (checksum !== undefined || instruction.keepGitDir !== undefined)) {
    const flag = checksum === undefined ? '--keep-git-dir' : '--checksum';
    const hint = `remove ${flag}: the sources are files of the build context`;
    context.lowering.fail(notSupported(`ADD ${flag}, which is for remote sources,`, hint, at));
    return;
  }
  if (checksum !== undefined && words.length !== 1) {
    const hint = 'it is of one source: write an ADD for each';
    context.lowering.fail(invalidValue({ what: '--checksum of several sources', value: checksum, hint }, at));
    return;
  }
  pushCopy({
    instruction,
    state,
    context,
    source: { type: 'context' },
    parents: false,
    unpack: instruction.unpack ?? true,
    fetched: remote.length === 0 ? undefined : fetchedSources(words, { instruction, state, context }),
  });
}

/** Sources that are fetched, each with its place among those of the context. */
function fetchedSources(
  words: readonly string[],
  {
    instruction,
    state,
    context,
  }: { readonly instruction: AddInstruction; readonly state: StageState; readonly context: InstructionContext },
): readonly FetchedSource[] {
  const { at, keepGitDir, unpack = false } = instruction;
  const { lowering } = context;
  const checksum = instruction.checksum && context.expand(instruction.checksum, state.valueOf, at);
  const fetched: FetchedSource[] = [];
  let before = 0;
  for (const word of words) {
    if (!isRemoteSource(word)) {
      before += 1;
      continue;
    }
    const parsed = parseRemoteSource(word, { checksum: checksum || undefined, keepGitDir });
    if (!parsed.ok) {
      const { message, hint } = parsed.failure;
      lowering.fail(invalidValue({ what: 'the source of ADD', value: word, hint: `${message}; ${hint}` }, at));
      continue;
    }
    const source = parsed.value;
    const { counted, remotes = {} } = lowering.input;
    if (counted !== undefined && !isFixed(source) && !Object.hasOwn(remotes, JSON.stringify(source))) {
      lowering.fail(remoteNotCounted(describeRemote(source), at));
      continue;
    }
    if (withoutPassword(word) !== word) {
      lowering.warnings.push(
        `${at.file}:${at.line}: the address of ${describeRemote(source)} holds a password, which all who have the image read in its history`,
      );
    }
    fetched.push({ before, source, unpack });
  }
  return fetched;
}
