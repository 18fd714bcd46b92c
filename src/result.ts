/** Where in a source text something is. Lines and columns count from 1, as editors do. */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Offset of the first character, in UTF-16 code units (what `string.slice` takes). */
  readonly offset: number;
  readonly length: number;
}

/**
 * Room → the reasons of its failures. A `failure.ts` adds those of its own constructors, by name of the room, so that a new
 * constructor is in it by itself; whatever has a reason that is in no room's does not compile.
 */
// biome-ignore lint/suspicious/noEmptyInterface: each room adds to it.
export interface Reasons {}

/** Every reason there is. `cli/status-by-reason.ts` has a row for each. */
export type Reason = Reasons[keyof Reasons];

/** The reasons of the failures that the functions of a module make: `ReasonOf<typeof import('./failure.ts')>`. */
export type ReasonOf<Module> = {
  [Name in keyof Module]: Module[Name] extends (...given: never) => infer F
    ? F extends { readonly reason: infer R extends string }
      ? R
      : never
    : never;
}[keyof Module];

/** What a failure is made of, whatever its reason: what the constructors of a room are checked against. */
export interface FailureShape {
  /** Stable, kebab-case, greppable; tests and `--json` key on it. */
  readonly reason: string;
  /** One sentence for a person: what, where, with which value. No full stop. */
  readonly message: string;
  /** What the person can do about it. */
  readonly hint?: string;
  readonly at?: SourceSpan;
  /** More lines for a person, such as the last output of a failed step; printed as they are. */
  readonly details?: readonly string[];
  /** For programs: the one word, path or image that it is about, as it was given. */
  readonly subject?: string;
  /** For programs: what was probably meant instead, where the hint asks whether it was. */
  readonly meant?: string | undefined;
  /** For programs: what the operating system said, such as ENOSPC. */
  readonly code?: string;
  /** For programs: the directory with what is left of a step that failed. */
  readonly kept?: string;
}

/** Something that went wrong in an expected way, for one of the reasons of the rooms. */
export interface Failure extends FailureShape {
  readonly reason: Reason;
}

/** Returned by pure code. Parsers and planners report every problem at once, hence the array. */
export type Result<T, F = readonly Failure[]> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: F };

/** The result of what went well. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** The result of what did not; by convention a list of failures, never empty. */
export function failed<F>(failure: F): { readonly ok: false; readonly failure: F } {
  return { ok: false, failure };
}

/** Thrown by effectful code: the same Failure, with the error that caused it as `cause`. */
export class FailureError<F extends Failure = Failure> extends Error {
  readonly failure: F;
  constructor(failure: F, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'FailureError';
    this.failure = failure;
  }
}

/** Several failures at once, such as all problems of a project. Never empty. */
export class FailuresError extends Error {
  readonly failures: readonly Failure[];
  constructor(failures: readonly Failure[], options?: ErrorOptions) {
    super(failures.map((failure) => failure.message).join('; '), options);
    this.name = 'FailuresError';
    this.failures = failures;
  }
}

/**
 * The failures an error carries; undefined for a bug of our own. Where cleaning up after a failure failed as well
 * (`await using` makes a SuppressedError of both), what went wrong first is the one to tell.
 */
export function failuresOf(error: unknown): readonly Failure[] | undefined {
  if (error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error) {
    return failuresOf(error.suppressed) ?? ('error' in error ? failuresOf(error.error) : undefined);
  }
  if (error instanceof FailureError) return [error.failure];
  if (error instanceof FailuresError) return error.failures;
  return undefined;
}

/** The same error, with a place for its failures that have none; a bug of our own as it is. */
export function locatedAt(error: unknown, at: SourceSpan | undefined): unknown {
  const failures = at && failuresOf(error);
  if (!failures || failures.every((failure) => failure.at)) return error;
  const located = failures.map((failure) => ({ ...failure, at: failure.at ?? at }));
  const [first, ...others] = located;
  return first && others.length === 0
    ? new FailureError(first, { cause: error })
    : new FailuresError(located, { cause: error });
}

/** Does not compile where a union member is left unhandled. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
