/** What a thread that runs inputs is asked for. */
export type Order =
  | { readonly kind: 'row'; readonly target: string; readonly row: number }
  | { readonly kind: 'slice'; readonly target: string; readonly seed: number; readonly runs: number };

/** What it answers. */
export interface Report {
  readonly runs: number;
  /** Runs that ended with a value. */
  readonly values: number;
  /** How many of the others had a failure of this reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** CPU time in milliseconds of the run that took longest. */
  readonly slowest: number;
  /** The first run that did not end as it is to; none came after it. */
  readonly find?: Find | undefined;
}

export interface Find {
  readonly wrong: string;
  /** The input, or the ends of it. */
  readonly input: string;
  /** Its number in the slice, or in the rows. */
  readonly run: number;
}
