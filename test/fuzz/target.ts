import type fc from 'fast-check';

/**
 * One thing that reads what strangers wrote, and what to feed it. `run` returns a value, a Result, or a promise of
 * either, and may throw a FailureError; whatever else it throws, or a run that needs more CPU time than its budget, is
 * what the fuzzer looks for. A target is found by `name` in `targets.ts`.
 */
export interface Target<Input = unknown> {
  /** For the command line: `npm run fuzz -- NAME`. */
  readonly name: string;
  /** Inputs under 64 KiB. */
  readonly input: fc.Arbitrary<Input>;
  /** What is wrong with a value that is not meant to be given, as an Error thrown, counts as a find too. */
  readonly run: (input: Input) => unknown;
  /** CPU time of one run in milliseconds; 1,000 if not given. */
  readonly budget?: number;
  /** Generated inputs in the ordinary suite; 150 if not given. */
  readonly slice?: number;
  /** Inputs with a name: whatever was found once stays here. They may be of any size. */
  readonly rows: readonly Row<Input>[];
}

export interface Row<Input = unknown> {
  readonly title: string;
  readonly input: () => Input;
  /** `value`, or the reasons of the failure, each once, in the order of their first appearance. */
  readonly want: 'value' | readonly string[];
}

/** Takes the type of the input away, so that targets of all types fit into one list. */
export function target<Input>(parts: Target<Input>): Target {
  return parts as Target;
}
