import { failed, ok, type Result } from '../result.ts';
import type { Instruction } from './dockerfile.ts';
import { readInstructions } from './read-instructions.ts';
import { Source } from './source.ts';
import { invalidTrigger, triggerNotOne } from './value-failure.ts';

/**
 * The instruction in an ONBUILD trigger as an image's config stores it, heredoc bodies included. `origin` is what
 * people call the place it is from. Whatever the Dockerfile of that image said, the escape character is a backslash.
 */
export function parseTrigger(trigger: string, origin: string): Result<Instruction> {
  const source = new Source(origin, trigger);
  const { instructions, failures } = readInstructions(source, '\\');
  if (failures.length > 0) return failed(failures);
  const instruction = instructions[0]?.instruction;
  if (!instruction || instructions.length !== 1) {
    return failed([triggerNotOne(trigger, instructions.length, source.span(source.start, trigger.length))]);
  }
  const { keyword, at } = instruction;
  if (instruction.keyword === 'FROM' || keyword === 'MAINTAINER' || keyword === 'ONBUILD') {
    return failed([invalidTrigger(keyword, at)]);
  }
  return ok(instruction);
}
