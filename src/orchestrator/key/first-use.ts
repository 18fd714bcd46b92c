import type { PlacedRead } from '../../context/context-reads.ts';
import type { Dockerfile, Instruction } from '../../dockerfile/dockerfile.ts';
import { matchPattern } from '../../dockerfile/path-pattern.ts';
import { shownText } from '../../dockerfile/shown-text.ts';
import { FailureError } from '../../result.ts';

/** An instruction of a Dockerfile that makes a part of the key count. */
export interface UsedAt {
  /** From 1. */
  readonly line: number;
  /** As it may be shown. */
  readonly text: string;
}

type Written = Pick<Instruction, 'at' | 'text' | 'keyword'> | Dockerfile['stages'][number]['from'];

/**
 * The first instruction that a build argument makes a difference to: one that names it, else the first RUN below its ARG,
 * which has it in its environment; else the ARG. undefined where no ARG declares it.
 */
export function firstUseOfArgument(
  name: string,
  dockerfile: Dockerfile,
  stages: ReadonlySet<number>,
): UsedAt | undefined {
  const used = new RegExp(`\\$\\{?${name}\\b`);
  let declared: Written | undefined = dockerfile.globalArgs.find(({ args }) => args.some(({ key }) => key === name));
  let run: Written | undefined;
  const needed = dockerfile.stages.filter(({ index }) => stages.has(index));
  for (const { from, instructions } of needed) {
    if (used.test(from.text)) return usedAt(from);
    let isHere = false;
    for (const instruction of instructions) {
      if (instruction.keyword === 'ARG' && instruction.args.some(({ key }) => key === name)) {
        isHere = true;
        declared ??= instruction;
      } else if (isHere && used.test(wholeText(instruction))) return usedAt(instruction);
      else if (isHere && instruction.keyword === 'RUN') run ??= instruction;
    }
  }
  const first = run ?? declared;
  return first && usedAt(first);
}

/** The first instruction that takes what is at `path` of the context, told by its patterns alone. */
export function firstUseOfFile(
  path: string,
  places: readonly PlacedRead[],
  dockerfile: Dockerfile,
): UsedAt | undefined {
  const taking = places.filter(({ read }) => read.patterns.some((pattern) => isBelow(path, pattern)));
  const [first] = taking.map(({ at }) => at).sort((one, other) => one.offset - other.offset);
  if (first === undefined) return undefined;
  const all: readonly Written[] = dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions]);
  const instruction = all.find(
    ({ at }) => at.offset <= first.offset && first.offset < at.offset + Math.max(at.length, 1),
  );
  return instruction && usedAt(instruction);
}

function usedAt({ at, text }: Written): UsedAt {
  return { line: at.line, text: shownText(text) };
}

function wholeText(instruction: Instruction): string {
  const bodies = 'heredocs' in instruction ? instruction.heredocs.map(({ body }) => body) : [];
  return [instruction.text, ...bodies].join('\n');
}

/** Whether the pattern selects the path, or a directory above it. */
function isBelow(path: string, pattern: string): boolean {
  const wanted = pattern.split('/').filter((name) => name !== '' && name !== '.');
  const names = path.split('/');
  try {
    return wanted.length <= names.length && wanted.every((one, at) => matchPattern(one, names[at]!));
  } catch (error) {
    if (error instanceof FailureError) return false;
    throw error;
  }
}
