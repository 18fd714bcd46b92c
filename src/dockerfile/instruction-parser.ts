import type { Failure, Result, SourceSpan } from '../result.ts';
import type { FromInstruction, Heredoc, Instruction } from './dockerfile.ts';
import type { Keyword, Statement } from './statement.ts';

/** Gives a statement its meaning. */
export type InstructionParser = (statement: Statement, context: ParseContext) => Result<Parsed, Failure>;

/** What parsing one statement gives: FROM is apart, as it starts a stage. */
export type Parsed = Instruction | FromInstruction;

/** A remark of the parser that is no failure. */
export interface Warning extends Failure {
  readonly at: SourceSpan;
}

/** What an instruction's parser may need besides the statement. */
export interface ParseContext {
  /** In the order their words stand in the line. */
  readonly heredocs: readonly Heredoc[];
  /** Offset in the file of the end of the instruction, heredoc bodies included. */
  readonly end: number;
  warn(warning: Warning): void;
  /** For the statement inside ONBUILD. */
  parse(statement: Statement): Result<Parsed, Failure>;
}

/** What every instruction has: its place and its text. */
export function instructionBase<K extends Keyword>(
  statement: Statement & { readonly keyword: K },
  context: ParseContext,
) {
  const { keyword, line, start, end, commits } = statement;
  const common = { keyword, at: line.spanToEnd(start, context.end), text: line.text.slice(start, end) };
  return commits ? { ...common, commits } : common;
}
