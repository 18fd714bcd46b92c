import type { Instruction } from '../../dockerfile/dockerfile.ts';
import { lowerAdd } from './add.ts';
import { lowerArg } from './arg.ts';
import { lowerCmd, lowerEntrypoint, lowerShell } from './command.ts';
import {
  lowerEnv,
  lowerExpose,
  lowerHealthcheck,
  lowerLabel,
  lowerMaintainer,
  lowerOnbuild,
  lowerStopSignal,
  lowerUser,
  lowerVolume,
} from './config.ts';
import { lowerCopy } from './copy.ts';
import type { InstructionContext } from './lowering-context.ts';
import { lowerRun } from './run.ts';
import type { StageState } from './stage-state.ts';
import { lowerWorkdir } from './workdir.ts';

type Keyword = Instruction['keyword'];

type ByKeyword = { readonly [K in Keyword]: Extract<Instruction, { readonly keyword: K }> };

/** The same union as `Instruction`, in the form in which the compiler sees which row is whose. */
type OfKeyword<K extends Keyword> = { readonly [P in K]: { readonly keyword: P } & ByKeyword[P] }[K];

/** What an instruction means: a change of the stage's state. */
type Lowerings = {
  readonly [K in Keyword]: (instruction: OfKeyword<K>, state: StageState, context: InstructionContext) => void;
};

const lowerings: Lowerings = {
  ADD: lowerAdd,
  ARG: lowerArg,
  CMD: lowerCmd,
  COPY: lowerCopy,
  ENTRYPOINT: lowerEntrypoint,
  ENV: lowerEnv,
  EXPOSE: lowerExpose,
  HEALTHCHECK: lowerHealthcheck,
  LABEL: lowerLabel,
  MAINTAINER: lowerMaintainer,
  ONBUILD: lowerOnbuild,
  RUN: lowerRun,
  SHELL: lowerShell,
  STOPSIGNAL: lowerStopSignal,
  USER: lowerUser,
  VOLUME: lowerVolume,
  WORKDIR: lowerWorkdir,
};

/** Finds the row of the keyword and calls it; changes `state`. */
export function lowerInstruction<K extends Keyword>(
  instruction: OfKeyword<K>,
  state: StageState,
  context: InstructionContext,
): void {
  lowerings[instruction.keyword as K](instruction, state, context);
}
