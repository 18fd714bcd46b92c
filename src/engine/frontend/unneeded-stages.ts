import type { Stage } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import { usesOfInstruction } from '../../dockerfile/stages.ts';
import { stageNotBefore } from '../../dockerfile/value-failure.ts';
import type { Failure, SourceSpan } from '../../result.ts';
import { stageNotYetDefined } from './failure.ts';
import type { LoweringContext } from './lowering-context.ts';

/**
 * What is wrong with stages that nothing needs, as far as BuildKit looks at them: a number that no stage has
 * (`stage-not-before`), and files taken in a circle (`stage-not-yet-defined`).
 */
export function unneededFailures(lowering: LoweringContext, needed: readonly number[]): readonly Failure[] {
  const { stages } = lowering.dockerfile;
  const unneeded = stages.filter(({ index }) => !needed.includes(index));
  const failures: Failure[] = [];
  let uses: ReadonlyMap<number, readonly Use[]> | undefined;
  for (const stage of unneeded) {
    for (const use of usesOf(stage, lowering)) {
      if (use.index >= stages.length) failures.push(stageNotBefore(use.name, use.at));
      else if (use.index >= stage.index) {
        uses ??= new Map(stages.map((one) => [one.index, usesOf(one, lowering)]));
        if (leads(use.index, stage.index, uses))
          failures.push(stageNotYetDefined(use.name, use.index === stage.index, use.at));
      }
    }
  }
  return failures;
}

/** A stage that an instruction takes files from: of several of one name the last. */
interface Use {
  readonly name: string;
  readonly index: number;
  readonly at: SourceSpan;
}

function usesOf(stage: Stage, lowering: LoweringContext): readonly Use[] {
  return stage.instructions.flatMap((instruction) =>
    usesOfInstruction(instruction).flatMap(({ value, at, use }) => {
      const filled = expand(value, lowering.globals, lowering.expansion);
      if (!filled.ok) return [];
      const name = filled.value.value;
      if (use === 'copy' && /^\d+$/.test(name)) return [{ name, index: Number(name), at }];
      const found = lowering.dockerfile.stages.findLast((one) => one.name === name.toLowerCase());
      return found ? [{ name, index: found.index, at }] : [];
    }),
  );
}

function leads(from: number, to: number, uses: ReadonlyMap<number, readonly Use[]>): boolean {
  const seen = new Set<number>();
  const ahead = [from];
  for (let index = ahead.pop(); index !== undefined; index = ahead.pop()) {
    if (index === to) return true;
    if (seen.has(index)) continue;
    seen.add(index);
    for (const use of uses.get(index) ?? []) ahead.push(use.index);
  }
  return false;
}
