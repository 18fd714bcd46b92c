import { givenArgument, globalValues } from '../../context/global-values.ts';
import type { ArgInstruction } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import { located } from './failure.ts';
import { uncountedArgument } from './foreign-trigger.ts';
import type { InstructionContext, LoweringContext } from './lowering-context.ts';
import type { StageState } from './stage-state.ts';

/** ARGs above the first FROM, and those that are there by themselves. What cannot be expanded is reported. */
export function globalArgs(lowering: LoweringContext, targetStage: string | undefined): ReadonlyMap<string, string> {
  const { values, failures } = globalValues({ ...lowering.input, targetStage, budget: lowering.expansion.budget });
  lowering.fail(...failures);
  return values;
}

/**
 * ARG in a stage: the build argument, else the default of this line, else the global value, else nothing. A default is
 * only looked at when it is needed. An argument without a value leaves an ENV of that name alone.
 */
export function lowerArg(instruction: ArgInstruction, state: StageState, context: InstructionContext): void {
  const { lowering } = context;
  const texts: string[] = [];
  for (const argument of instruction.args) {
    const { key } = argument;
    lowering.fail(...uncountedArgument(key, lowering.input.buildArgs, context.foreign));
    const value = argValue(argument, state, lowering);
    // The history must not say where the image was built for: equal sources are one image under any registry.
    texts.push(value === undefined || key === 'REGISTRY' ? key : `${key}=${value}`);
    state.args.set(key, value);
    if (value !== undefined) state.variables.set(key, value);
  }
  context.record(state, `ARG ${texts.join(' ')}`);
}

function argValue(
  { key, value: written, at }: ArgInstruction['args'][number],
  state: StageState,
  lowering: LoweringContext,
): string | undefined {
  const given = givenArgument(lowering.input.buildArgs, key);
  if (given !== undefined) return given;
  if (written === undefined) return lowering.globals.get(key);
  const expanded = expand(written, state.valueOf, lowering.expansion);
  if (expanded.ok) return expanded.value.value;
  lowering.fail(...located(expanded.failure, at));
  return undefined;
}
