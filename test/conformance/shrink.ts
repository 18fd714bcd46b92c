import type { RandomCase, RandomLine, RandomStage } from './random-case.ts';

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
  const { stages, files, ignored } = one;
  const [first, last] = [stages[0], stages.at(-1)];
  // Either stage alone: the last one on the base of the first.
  if (stages.length > 1 && first !== undefined && last !== undefined) {
    yield { ...one, stages: [last.base === 'zero' ? { ...last, base: first.base } : last] };
    yield { ...one, stages: [first] };
  }
  for (const [index, stage] of stages.entries()) {
    for (const smaller of smallerStages(stage)) yield { ...one, stages: stages.with(index, smaller) };
  }
  for (const fewer of without(ignored)) yield { ...one, ignored: fewer };
  for (const fewer of without(files)) yield { ...one, files: fewer };
}

function* smallerStages(stage: RandomStage): Generator<RandomStage> {
  for (const lines of without(stage.lines)) yield { ...stage, lines };
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
