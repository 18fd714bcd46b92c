import type { RandomCase, RandomStage } from './random-case.ts';
import { type RandomLine, takesFrom } from './random-line.ts';

/**
 * The smallest case that is found by leaving out stages, lines, options, words, files and patterns, one at a time, for which
 * `differs` still holds. Asks at most `limit` times.
 */
export async function shrunk(
  one: RandomCase,
  differs: (smaller: RandomCase) => Promise<boolean>,
  limit = 60,
): Promise<RandomCase> {
  let smallest = one;
  let asked = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const smaller of smallerOnes(smallest)) {
      if (asked++ >= limit) return smallest;
      if (!(await differs(smaller))) continue;
      smallest = smaller;
      progress = true;
      break;
    }
  }
  return smallest;
}

/** Each with one thing less, the largest things first. */
export function* smallerOnes(one: RandomCase): Generator<RandomCase> {
  const { stages, files, ignored, globals, directives, target, buildArgs, secrets } = one;
  if (stages.length > 1) for (const index of stages.keys()) yield { ...one, stages: withoutStage(stages, index) };
  for (const [index, stage] of stages.entries()) {
    for (const smaller of smallerStages(stage)) yield { ...one, stages: stages.with(index, smaller) };
  }
  if (target !== undefined) yield { ...one, target: undefined };
  for (const fewer of without(directives)) yield { ...one, directives: fewer };
  for (const fewer of without(globals)) yield { ...one, globals: fewer };
  for (const fewer of without(Object.entries(buildArgs))) yield { ...one, buildArgs: Object.fromEntries(fewer) };
  for (const fewer of without(Object.entries(secrets))) yield { ...one, secrets: Object.fromEntries(fewer) };
  for (const fewer of without(ignored)) yield { ...one, ignored: fewer };
  for (const fewer of without(files)) yield { ...one, files: fewer };
}

/** Stages on the one that is left out stand on its base, and lines that take from it are gone with it. */
function withoutStage(stages: readonly RandomStage[], index: number): readonly RandomStage[] {
  const { name, base, options } = stages[index]!;
  return stages.toSpliced(index, 1).map((stage) => ({
    ...stage,
    ...(stage.base === name && { base, options }),
    lines: stage.lines.filter((line) => !takesFrom(line, name)),
  }));
}

function* smallerStages(stage: RandomStage): Generator<RandomStage> {
  for (const lines of without(stage.lines)) yield { ...stage, lines };
  for (const options of without(stage.options)) yield { ...stage, options };
  for (const [index, line] of stage.lines.entries()) {
    for (const smaller of smallerLines(line)) yield { ...stage, lines: stage.lines.with(index, smaller) };
  }
}

function* smallerLines(line: RandomLine): Generator<RandomLine> {
  for (const options of without(line.options)) yield { ...line, options };
  if (line.words.length > 1) for (const words of without(line.words)) yield { ...line, words };
}

/** The list without each of its elements. */
function without<T>(list: readonly T[]): readonly (readonly T[])[] {
  return list.map((_, index) => list.toSpliced(index, 1));
}
