import type { ArgInstruction } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import { located } from './failure.ts';
import type { InstructionContext, LoweringContext } from './lowering-context.ts';
import { platformArgs } from './predefined-args.ts';
import type { StageState } from './stage-state.ts';

/** ARGs above the first FROM: a build argument wins over the default, and defaults may use what stands above them. */
export function globalArgs(lowering: LoweringContext, targetStage: string | undefined): ReadonlyMap<string, string> {
  const { dockerfile, buildArgs, platform, buildPlatform } = lowering.input;
  const values = new Map(Object.entries(platformArgs(platform, buildPlatform, targetStage)));
  // REGISTRY is cip's own: it names the project's registry whether a Dockerfile declares it or not (ADR 0023).
  for (const name of [...values.keys(), 'REGISTRY']) {
    const given = buildArgs[name];
    if (given !== undefined) values.set(name, given);
  }
  for (const { args } of dockerfile.globalArgs) {
    for (const { key, value, at } of args) {
      const given = buildArgs[key];
      if (given !== undefined || value === undefined) {
        if (given !== undefined) values.set(key, given);
        continue;
      }
      const expanded = expand(value, values, dockerfile.escape);
      if (expanded.ok) values.set(key, expanded.value.value);
      else lowering.fail(...located(expanded.failure, at));
    }
  }
  return values;
}

/**
 * ARG in a stage: the build argument, else the default of this line, else the global value, else nothing. A default is
 * only looked at when it is needed. An argument without a value leaves an ENV of that name alone.
 */
export function lowerArg(instruction: ArgInstruction, state: StageState, context: InstructionContext): void {
  const { lowering } = context;
  const texts: string[] = [];
  for (const { key, value: written, at } of instruction.args) {
    const value = argValue(key, written, state, lowering, at);
    texts.push(value === undefined ? key : `${key}=${value}`);
    if (value === undefined) continue;
    state.args.set(key, value);
    state.variables.set(key, value);
  }
  context.record(state, `ARG ${texts.join(' ')}`);
}

function argValue(
  key: string,
  written: string | undefined,
  state: StageState,
  lowering: LoweringContext,
  at: ArgInstruction['at'],
): string | undefined {
  const given = lowering.input.buildArgs[key];
  if (given !== undefined) return given;
  if (written === undefined) return lowering.globals.get(key);
  const expanded = expand(written, state.variables, lowering.dockerfile.escape);
  if (expanded.ok) return expanded.value.value;
  lowering.fail(...located(expanded.failure, at));
  return undefined;
}
