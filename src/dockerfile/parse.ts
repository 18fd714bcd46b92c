import { type Failure, failed, ok, type Result } from '../result.ts';
import { readDirectives } from './directives.ts';
import type { ArgInstruction, Dockerfile, FromInstruction, Instruction, Stage } from './dockerfile.ts';
import { instructionBeforeFrom, lineTooLong, noInstructions, noStage } from './failure.ts';
import type { Parsed } from './instruction-parser.ts';
import { keywords } from './keywords.ts';
import { type ReadInstruction, readInstructions, type UnreadLine } from './read-instructions.ts';
import { Source } from './source.ts';
import { suggestionFor } from './suggestion.ts';

/** Bytes of a physical line without its newline, as in BuildKit. */
const LONGEST_LINE = 65_535;

const keywordNames = Object.keys(keywords);

/** What could be read of a Dockerfile. */
export interface ReadDockerfile {
  /** Whole where nothing is wrong; else what is known for certain of the rest, and absent where that is nothing. */
  readonly dockerfile?: Dockerfile | undefined;
  /** In the order of the file. */
  readonly failures: readonly Failure[];
}

/**
 * Parses a Dockerfile. Every instruction that is wrong is reported, and nothing is expanded. `file` is what people
 * call it; a byte order mark at the start of `text` is passed over, and offsets of spans are those of `text`.
 */
export function parseDockerfile(text: string, file: string): Result<Dockerfile> {
  const { dockerfile, failures } = readDockerfile(text, file);
  return dockerfile === undefined || failures.length > 0 ? failed(failures) : ok(dockerfile);
}

/** The same, with what can be read beside the mistakes: whoever looks for more of them can look there. */
export function readDockerfile(text: string, file: string): ReadDockerfile {
  const source = new Source(file, text);
  const directives = readDirectives(source);
  const { instructions, unread, warnings, failures: wrong } = readInstructions(source, directives.escape);
  const misplaced = misplacedOf(source, instructions, unread);
  const failures = [...directives.failures, ...longLines(source), ...wrong, ...misplaced];
  const parsed = instructions.flatMap(({ instruction }) => instruction ?? []);
  // With another escape character every line may be another one.
  const parts = directives.failures.length > 0 ? undefined : partsOf(parsed, unread);
  const dockerfile = parts && {
    file,
    directives: directives.values,
    escape: directives.escape,
    ...parts,
    warnings: [...directives.warnings, ...warnings],
  };
  return { dockerfile, failures: failures.toSorted(byPlace) };
}

/** What stands where it may not, or is missing altogether: not what may be right without another mistake. */
function misplacedOf(
  source: Source,
  instructions: readonly ReadInstruction[],
  unread: readonly UnreadLine[],
): readonly Failure[] {
  const hasWrong = unread.length > 0;
  const [first] = instructions;
  if (!first) return hasWrong ? [] : [noInstructions(source.file, source.span(source.start, source.start))];
  const from = instructions.find(({ keyword }) => keyword === 'FROM');
  if (from === undefined) return hasWrong ? [] : [noStage(source.file, first.at)];
  const stage = Math.min(
    from.at.offset,
    unread.find((line) => unreadFrom(line))?.at.offset ?? Number.POSITIVE_INFINITY,
  );
  return instructions
    .filter(({ keyword, instruction, at }) => at.offset < stage && keyword !== 'ARG' && instruction !== undefined)
    .map(({ keyword, at }) => instructionBeforeFrom(keyword, at));
}

/** Undefined where it has no stage, or a line above the first one can't be read: references may use its variables. */
function partsOf(
  instructions: readonly Parsed[],
  unread: readonly UnreadLine[],
): Pick<Dockerfile, 'globalArgs' | 'stages'> | undefined {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { readonly instructions: Instruction[]; readonly gaps?: number[] })[] = [];
  for (const part of [...instructions, ...unread].sort((a, b) => a.at.offset - b.at.offset)) {
    const last = stages.at(-1);
    if (part.keyword === undefined) {
      const from = unreadFrom(part);
      const gap = part.at.offset;
      if (from) stages.push({ index: stages.length, name: from.name, from, instructions: [], gaps: [gap] });
      else if (last === undefined) return undefined;
      else if (last.gaps === undefined) stages[last.index] = { ...last, gaps: [gap] };
      else last.gaps.push(gap);
    } else if (part.keyword === 'FROM') {
      stages.push({ index: stages.length, name: part.name, from: part, instructions: [] });
    } else if (last !== undefined) last.instructions.push(part);
    else if (part.keyword === 'ARG') globalArgs.push(part);
  }
  return stages.length === 0 ? undefined : { globalArgs, stages };
}

/** The start of a stage that nothing is known of but where it is, and perhaps its name. */
function unreadFrom({ at, text }: UnreadLine): FromInstruction | undefined {
  const [, word = ''] = /^\s*(\S+)/.exec(text) ?? [];
  if (suggestionFor(word, keywordNames) !== 'FROM') return undefined;
  const [, name] = /\sAS\s+(\S+)\s*$/i.exec(text) ?? [];
  return { keyword: 'FROM', at, text, image: 'scratch', imageAt: at, name: name?.toLowerCase() };
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
