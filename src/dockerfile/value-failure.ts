import type { FailureShape, SourceSpan } from '../result.ts';
import { listed, quoted, shortened } from './quoted.ts';

/** Characters that the author of a Dockerfile may say in `${x:?…}`. */
const LONGEST_REMARK = 500;

// Arguments

/** The arguments are valid JSON, an array even, but hold a number, an object or the like. */
export function jsonNotStrings(keyword: string, at: SourceSpan) {
  return {
    reason: 'json-not-strings',
    message: `the JSON array of ${keyword} holds something that is not a string`,
    hint: 'put every element in double quotes',
    at,
  } as const satisfies FailureShape;
}

/** `expected` completes "needs …". */
export function missingArguments(keyword: string, expected: string, at: SourceSpan) {
  return {
    reason: 'missing-arguments',
    message: `${keyword} needs ${expected}`,
    hint: 'complete the instruction, or remove it',
    at,
  } as const satisfies FailureShape;
}

/** `FROM x # base`: only a line that begins with `#` is a comment. */
export function commentInLine(keyword: string, at: SourceSpan) {
  return {
    reason: 'invalid-from',
    message: `${keyword} is followed by a comment, which needs a line of its own`,
    hint: 'move the comment to the line above',
    at,
  } as const satisfies FailureShape;
}

/** More than an image, `AS` and a name, or another word in the place of `AS`. */
export function invalidFrom(at: SourceSpan) {
  return {
    reason: 'invalid-from',
    message: 'FROM takes an image, or an image, AS and a name',
    hint: 'write it as FROM debian:13, or FROM debian:13 AS build',
    at,
  } as const satisfies FailureShape;
}

/** Names are matched against `^[a-z][a-z0-9-_.]*$` once they are in lower case, as in BuildKit. */
export function invalidStageName(name: string, at: SourceSpan) {
  return {
    reason: 'invalid-stage-name',
    message: `${quoted(name)} cannot be the name of a stage`,
    hint: 'a stage name starts with a letter, followed by letters, digits, "-", "_" or "."',
    at,
  } as const satisfies FailureShape;
}

/** `ENV A=1 B`: once the first pair has `=`, all need it. */
export function missingValue(keyword: string, key: string, at: SourceSpan) {
  return {
    reason: 'missing-value',
    message: `${keyword} gives ${quoted(key)} no value`,
    hint: `write ${keyword} ${shortened(key)}=value; a value with blanks needs quotes`,
    at,
  } as const satisfies FailureShape;
}

/** `ENV =1`: nothing before the `=`. */
export function blankName(keyword: string, at: SourceSpan) {
  return {
    reason: 'blank-name',
    message: `${keyword} has a value without a name`,
    hint: `write ${keyword} name=value, without blanks around "="`,
    at,
  } as const satisfies FailureShape;
}

/** VOLUME with an empty string in its JSON array. */
export function emptyPath(keyword: string, at: SourceSpan) {
  return {
    reason: 'empty-path',
    message: `${keyword} names an empty path`,
    hint: 'write . for the whole context',
    at,
  } as const satisfies FailureShape;
}

/** The shell form has no meaning for SHELL. */
export function shellNotJson(at: SourceSpan) {
  return {
    reason: 'shell-not-json',
    message: 'SHELL must be a JSON array of strings',
    hint: 'write for example SHELL ["/bin/bash", "-c"]',
    at,
  } as const satisfies FailureShape;
}

/** The last argument of COPY or ADD is a heredoc. */
export function heredocAsDestination(keyword: string, at: SourceSpan) {
  return {
    reason: 'heredoc-as-destination',
    message: `the last argument of ${keyword} is its destination, and a heredoc cannot be one`,
    hint: `write ${keyword} <<EOF /path/of/the/file`,
    at,
  } as const satisfies FailureShape;
}

/** A heredoc of COPY or ADD that is named `a/b`, `.` or `..`. */
export function heredocNotFileName(name: string, at: SourceSpan) {
  return {
    reason: 'heredoc-not-file-name',
    message: `the name of a heredoc of COPY or ADD is also the name of a file, which ${shortened(name)} cannot be`,
    hint: 'give it the name of a file, without slashes',
    at,
  } as const satisfies FailureShape;
}

/** Names of heredocs become names of files in COPY and ADD. */
export function heredocWithBlanks(keyword: string, at: SourceSpan) {
  return {
    reason: 'heredoc-with-blanks',
    message: `the name of a heredoc of ${keyword} is also the name of a file and cannot have blanks in it or before it`,
    hint: `write ${keyword} <<EOF /path/of/the/file`,
    at,
  } as const satisfies FailureShape;
}

/**
 * There is a `<<` that may or may not be within quotes: reading on would take the lines below for instructions or for
 * content.
 */
export function unclearHeredoc(text: string, at: SourceSpan) {
  return {
    reason: 'unclear-heredoc',
    message: `quotes in this line do not match, so that ${shortened(text)} is not a heredoc`,
    hint: 'give every quote its partner, or put a backslash before it',
    at,
  } as const satisfies FailureShape;
}

/** ONBUILD of FROM, MAINTAINER or ONBUILD. */
export function invalidTrigger(keyword: string, at: SourceSpan) {
  return {
    reason: 'invalid-trigger',
    message: `${keyword} cannot be an ONBUILD trigger`,
    hint: 'write it in the Dockerfiles that are built from this image',
    at,
  } as const satisfies FailureShape;
}

/** A trigger of a base image, stored as text, has several instructions in it, or none. */
export function triggerNotOne(trigger: string, count: number, at: SourceSpan) {
  return {
    reason: 'trigger-not-one-instruction',
    message: `the ONBUILD trigger ${quoted(trigger)} holds ${count} instructions, and it must be one`,
    hint: 'write one ONBUILD line for each',
    at,
  } as const satisfies FailureShape;
}

/** `type` is the word where CMD or NONE has to be. */
export function invalidHealthcheck(type: string, at: SourceSpan) {
  return {
    reason: 'invalid-healthcheck',
    message: `HEALTHCHECK is followed by CMD and a command or by NONE, not by ${quoted(type)}`,
    hint: `write HEALTHCHECK CMD in front of the command`,
    at,
  } as const satisfies FailureShape;
}

/** `problem` completes "this --mount …". */
export function invalidMount(problem: string, at: SourceSpan, hint?: string) {
  return {
    reason: 'invalid-mount',
    message: `this --mount ${problem}`,
    hint: hint ?? 'change it, or remove it',
    at,
  } as const satisfies FailureShape;
}

// What is legal, and probably not meant

/** A warning: legal in BuildKit too, and most often what is left of an edit. */
export function emptyCommand(at: SourceSpan) {
  return {
    reason: 'empty-command',
    message: 'RUN without a command starts a shell that does nothing',
    at,
  } as const satisfies FailureShape;
}

/** A warning: NONE switches the check off, so that no interval can matter. */
export function flagsWithoutEffect(at: SourceSpan) {
  return {
    reason: 'flags-without-effect',
    message: 'HEALTHCHECK NONE makes no use of its flags',
    at,
  } as const satisfies FailureShape;
}

// Stages

/** A target that no stage has; `files` are the Dockerfiles that were asked, `known` the names of their stages. */
export function unknownStage(
  name: string,
  { files, suggestion, known }: { files: readonly string[]; suggestion: string | undefined; known: readonly string[] },
) {
  const [has, its, it] = files.length === 1 ? ['has', 'its', 'it'] : ['have', 'their', 'them'];
  const all =
    known.length === 0
      ? `no stage of ${it} has a name: give its number, from 0`
      : `${its} stages are: ${listed(known)}`;
  return {
    reason: 'unknown-stage',
    message: `${listed(files, (file) => file)} ${has} no stage ${quoted(name)}`,
    hint: suggestion === undefined ? all : `did you mean ${shortened(suggestion)}?`,
  } as const satisfies FailureShape;
}

/** COPY `--from` and the like reach stages above only, which is why stages never form a cycle. */
export function stageNotBefore(name: string, at: SourceSpan) {
  return {
    reason: 'stage-not-before',
    message: `the stage ${quoted(name)} is used here, and it is not defined before`,
    hint: 'only stages above can be used; they are numbered from 0',
    at,
  } as const satisfies FailureShape;
}

// Variables: without a place, which the caller knows

/** `problem` says what of `${…}` is wrong; positions are added by who knows the instruction. */
export function badSubstitution(word: string, problem: string) {
  return {
    reason: 'bad-substitution',
    message: `cannot expand ${quoted(word)}: ${problem}`,
    hint: 'write ${name}, ${name:-default} or ${name:+text}, or \\$ for a dollar sign',
  } as const satisfies FailureShape;
}

/** `quote` is the character that opens what nothing closes. */
export function unterminatedQuote(word: string, quote: string) {
  return {
    reason: 'unterminated-quote',
    message: `${quoted(word)} has a ${quote} without its partner`,
    hint: `close it, or write \\${quote} for the character itself`,
  } as const satisfies FailureShape;
}

/** `message` is what the author wrote after `?`, or a sentence of ours. */
export function requiredVariable(name: string, message: string) {
  return {
    reason: 'required-variable',
    message: `${shortened(name)}: ${message.length > LONGEST_REMARK ? `${message.slice(0, LONGEST_REMARK - 1)}…` : message}`,
    hint: `give it a value with ARG or ENV, or on the command line as a build argument`,
  } as const satisfies FailureShape;
}

/** The budget of `ExpansionBudget` is used up: nested defaults can double with every level. */
export function expansionTooLarge(word: string) {
  return {
    reason: 'expansion-too-large',
    message: `${quoted(word)} becomes too large, or too much work, once its variables are filled in`,
    hint: 'variables may add a million characters to a word and eight million to a Dockerfile: put long texts into a file and COPY it',
  } as const satisfies FailureShape;
}

// Path patterns

/** A wildcard of COPY, ADD or an ignore file that Go's `filepath.Match` would refuse. */
export function badPattern(pattern: string, problem: string, at?: SourceSpan) {
  return {
    reason: 'bad-pattern',
    message: `${quoted(pattern)} is not a pattern: ${problem}`,
    hint: 'write a backslash in front of a character that stands for itself, such as \\[',
    ...(at === undefined ? {} : { at }),
  } as const satisfies FailureShape;
}

/** A line of an ignore file that is only `!`. */
export function emptyNegation(at?: SourceSpan) {
  return {
    reason: 'empty-negation',
    message: '"!" needs a pattern of what is not to be ignored',
    hint: 'write the pattern behind it, or remove the line',
    ...(at === undefined ? {} : { at }),
  } as const satisfies FailureShape;
}
