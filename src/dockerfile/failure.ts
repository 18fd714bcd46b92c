import type { FailureShape, ReasonOf, SourceSpan } from '../result.ts';
import { quoted, shortened } from './quoted.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly dockerfile: ReasonOf<typeof import('./failure.ts')> | ReasonOf<typeof import('./value-failure.ts')>;
  }
}

// Text level

/** `at` is the first byte that belongs to no character; nothing is parsed then. */
export function invalidUtf8(file: string, at: SourceSpan) {
  return {
    reason: 'invalid-utf8',
    message: `${file} is not valid UTF-8: the bytes at line ${at.line}, column ${at.column} are no character`,
    hint: 'save the file as UTF-8',
    at,
  } as const satisfies FailureShape;
}

/** Two bytes for a character, whatever the order; what is wrong is so from the first character on. */
export function savedAsUtf16(file: string) {
  return {
    reason: 'invalid-utf8',
    message: `${file} is saved as UTF-16`,
    hint: 'save it as UTF-8; in PowerShell, write it with Set-Content -Encoding utf8',
  } as const satisfies FailureShape;
}

/** An archive, a program or the like. */
export function binaryFile(file: string) {
  return {
    reason: 'invalid-utf8',
    message: `${file} is a binary file, not text`,
    hint: 'name a text file, saved as UTF-8',
  } as const satisfies FailureShape;
}

/** The limit is on a line as it stands in the file, before lines are joined; both numbers are bytes. */
export function lineTooLong(bytes: number, limit: number, at: SourceSpan) {
  return {
    reason: 'line-too-long',
    message: `this line has ${bytes} bytes, a line of a Dockerfile may have ${limit}`,
    hint: 'break the line, or put the text into a file and COPY it',
    at,
  } as const satisfies FailureShape;
}

/** `name` in lower case, as keys of directives are compared. */
export function duplicateDirective(name: string, at: SourceSpan) {
  return {
    reason: 'duplicate-directive',
    message: `the ${name} directive is given twice`,
    hint: 'keep one of them',
    at,
  } as const satisfies FailureShape;
}

/** The directive `escape` may be one of two characters. https://docs.docker.com/reference/dockerfile/#escape */
export function invalidEscape(value: string, at: SourceSpan) {
  return {
    reason: 'invalid-escape',
    message: `the escape character must be \\ or a backtick, not ${quoted(value)}`,
    hint: 'write # escape=\\ or # escape=`, or remove the line',
    at,
  } as const satisfies FailureShape;
}

/** The directive `syntax` names a frontend, an image of its own, that is not docker/dockerfile 1. */
export function unsupportedSyntax(value: string, at: SourceSpan) {
  return {
    reason: 'unsupported-syntax',
    message: `the syntax directive asks for ${quoted(value)}, and the language built in is docker/dockerfile 1.x`,
    hint: 'write "# syntax=docker/dockerfile:1" or remove the directive; other frontends need a BuildKit builder',
    at,
  } as const satisfies FailureShape;
}

/** docker/dockerfile 1, but of a version that has more than `newest`, as far as anybody knows. */
export function newerSyntax(value: string, newest: string, at: SourceSpan) {
  return {
    reason: 'newer-syntax',
    message: `the syntax directive asks for ${quoted(value)}, and the language built in is that of ${newest}`,
    hint: `write "# syntax=docker/dockerfile:1" if the Dockerfile uses nothing newer, or update cip`,
    at,
  } as const satisfies FailureShape;
}

/** Two edits of one file can't both be made; `at` is the later of them. */
export function overlappingEdits(first: SourceSpan, second: SourceSpan) {
  return {
    reason: 'overlapping-edits',
    message: `two edits change the same characters of ${second.file}: one of ${first.length} at line ${first.line}, column ${first.column}, and one of ${second.length} at line ${second.line}, column ${second.column}`,
    at: second,
  } as const satisfies FailureShape;
}

// The file as a whole

/** The file is empty, or has comments and directives only. */
export function noInstructions(file: string, at: SourceSpan) {
  return {
    reason: 'no-instructions',
    message: `${file} has no instructions`,
    hint: 'a Dockerfile starts with FROM',
    at,
  } as const satisfies FailureShape;
}

/** There are ARGs, and no FROM after them. */
export function noStage(file: string, at: SourceSpan) {
  return {
    reason: 'no-stage',
    message: `${file} has no FROM, so there is nothing to build`,
    hint: 'add FROM with the base image, or FROM scratch',
    at,
  } as const satisfies FailureShape;
}

/** Anything but ARG before the first stage. */
export function instructionBeforeFrom(keyword: string, at: SourceSpan) {
  return {
    reason: 'instruction-before-from',
    message: `${keyword} stands before the first FROM, where only ARG may stand`,
    hint: 'move it below FROM',
    at,
  } as const satisfies FailureShape;
}

/** The first word of a line is no keyword; `suggestion` is the nearest one. */
export function unknownInstruction(keyword: string, suggestion: string | undefined, at: SourceSpan) {
  return {
    reason: 'unknown-instruction',
    message: `${quoted(keyword)} is not an instruction`,
    hint:
      didYouMean(suggestion).hint ??
      'a line starts with an instruction, such as FROM, RUN or COPY; end the line above with \\ to continue it',
    at,
  } as const satisfies FailureShape;
}

/** A line ends in the escape character at the end of the file, or all lines it goes on to are empty. */
export function emptyInstruction(at: SourceSpan) {
  return {
    reason: 'empty-instruction',
    message: 'this line goes on below, and nothing follows',
    hint: 'remove the character at its end',
    at,
  } as const satisfies FailureShape;
}

/** Legal, and not for ever. */
export function emptyContinuation(at: SourceSpan) {
  return {
    reason: 'empty-continuation',
    message: 'an empty line inside an instruction is skipped; it may become an error',
    at,
  } as const satisfies FailureShape;
}

/** Legal, and the instruction goes to a shell or becomes a word of another: `at` is its line, `line` where the other begins. */
export function swallowedInstruction(keyword: string, line: number, at: SourceSpan) {
  return {
    reason: 'swallowed-instruction',
    message: `this ${keyword} is part of the instruction on line ${line}: an empty line does not end one that a \\ continues`,
    hint: `remove the \\ at the end of the last line above the empty one, if ${keyword} is to be an instruction`,
    at,
  } as const satisfies FailureShape;
}

/** The file ends before the line that ends the heredoc; `at` is where it is opened. */
export function unterminatedHeredoc(name: string, at: SourceSpan) {
  return {
    reason: 'unterminated-heredoc',
    message: `the heredoc ${shortened(name)} has no end`,
    hint: `write ${shortened(name)} on a line of its own where it ends`,
    at,
  } as const satisfies FailureShape;
}

/** No system call takes such text, so it could not mean anything in an image. */
export function nulCharacter(at: SourceSpan) {
  return {
    reason: 'nul-character',
    message: 'there is a NUL character in this instruction',
    hint: 'remove it: no argument, path or variable can hold one',
    at,
  } as const satisfies FailureShape;
}

// Flags

/** `known` are the flags that the instruction has, in the order of its table. */
export function unknownFlag(
  keyword: string,
  flag: string,
  { suggestion, known, at }: { suggestion: string | undefined; known: readonly string[]; at: SourceSpan },
) {
  const all = known.length === 0 ? `${keyword} takes no flags` : `flags of ${keyword}: ${known.join(', ')}`;
  return {
    reason: 'unknown-flag',
    message: `${keyword} has no flag ${shortened(flag)}`,
    hint: suggestion === undefined ? all : `did you mean ${shortened(suggestion)}?`,
    at,
  } as const satisfies FailureShape;
}

/** Only flags that may be given once; `--mount` and `--exclude` may come again. */
export function duplicateFlag(flag: string, at: SourceSpan) {
  return {
    reason: 'duplicate-flag',
    message: `${flag} is given twice`,
    hint: 'remove one of them',
    at,
  } as const satisfies FailureShape;
}

/** A flag that takes a value stands alone; flags of yes or no may. */
export function missingFlagValue(flag: string, at: SourceSpan) {
  return {
    reason: 'missing-flag-value',
    message: `${flag} has no value`,
    hint: `write ${flag}=…`,
    at,
  } as const satisfies FailureShape;
}

/** `expected` completes "must be …". */
export function invalidFlagValue(flag: string, value: string, { expected, at }: { expected: string; at: SourceSpan }) {
  return {
    reason: 'invalid-flag-value',
    message: `${flag} must be ${expected}, not ${quoted(value)}`,
    hint: `change it, or remove ${flag}`,
    at,
  } as const satisfies FailureShape;
}

/** A flag that exists in the labs channel of BuildKit's frontend only. */
export function unsupportedFlag(flag: string, at: SourceSpan) {
  return {
    reason: 'unsupported-flag',
    message: `${flag} is an experiment of BuildKit that the engine does not have`,
    hint: 'build this image with a BuildKit builder, or remove the flag',
    at,
  } as const satisfies FailureShape;
}

function didYouMean(suggestion: string | undefined): { readonly hint?: string } {
  return suggestion === undefined ? {} : { hint: `did you mean ${shortened(suggestion)}?` };
}
