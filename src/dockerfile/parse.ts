import { type Failure, failed, ok, type Result } from '../result.ts';
import { readDirectives } from './directives.ts';
import type { ArgInstruction, Dockerfile, Instruction, Stage } from './dockerfile.ts';
import { instructionBeforeFrom, lineTooLong, noInstructions, noStage } from './failure.ts';
import type { Parsed } from './instruction-parser.ts';
import { type ReadInstruction, readInstructions } from './read-instructions.ts';
import { Source } from './source.ts';

/** Bytes of a physical line without its newline, as in BuildKit. */
const LONGEST_LINE = 65_535;

/**
 * Parses a Dockerfile. Every instruction that is wrong is reported, and nothing is expanded. `file` is what people
 * call it; a byte order mark at the start of `text` is passed over, and offsets of spans are those of `text`.
 */
export function parseDockerfile(text: string, file: string): Result<Dockerfile> {
  const source = new Source(file, text);
  const directives = readDirectives(source);
  const { instructions, warnings, failures: wrong } = readInstructions(source, directives.escape);
  const misplaced = misplacedOf(source, instructions, wrong.length > 0);
  const failures = [...directives.failures, ...longLines(source), ...wrong, ...misplaced];
  if (failures.length > 0) return failed(failures.toSorted(byPlace));
  const parsed = instructions.flatMap(({ instruction }) => instruction ?? []);
  return ok({ file, directives: directives.values, escape: directives.escape, ...partsOf(parsed), warnings });
}

/** What stands where it may not, or is missing altogether. */
function misplacedOf(source: Source, instructions: readonly ReadInstruction[], hasWrong: boolean): readonly Failure[] {
  const [first] = instructions;
  if (!first) return hasWrong ? [] : [noInstructions(source.file, source.span(source.start, source.start))];
  const from = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  if (from === -1) return hasWrong ? [] : [noStage(source.file, first.at)];
  return instructions
    .slice(0, from)
    .filter(({ keyword, instruction }) => keyword !== 'ARG' && instruction !== undefined)
    .map(({ keyword, at }) => instructionBeforeFrom(keyword, at));
}

function partsOf(instructions: readonly Parsed[]): Pick<Dockerfile, 'globalArgs' | 'stages'> {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      stages.push({ index: stages.length, name: instruction.name, from: instruction, instructions: [] });
    } else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globalArgs.push(instruction);
  }
  return { globalArgs, stages };
}

function longLines(source: Source): readonly Failure[] {
  const failures: Failure[] = [];
  for (let line = source.lineAt(0); line; line = source.lineAt(line.next)) {
    // No character takes more than three bytes per UTF-16 unit.
    if ((line.next - line.start) * 3 <= LONGEST_LINE) continue;
    const bytes = Buffer.byteLength(source.text.slice(line.start, line.next).replace(/\n$/, ''));
    if (bytes > LONGEST_LINE) failures.push(lineTooLong(bytes, LONGEST_LINE, source.span(line.start, line.end)));
  }
  return failures;
}

function byPlace(a: Failure, b: Failure): number {
  return (a.at?.offset ?? 0) - (b.at?.offset ?? 0);
}
