import { type Hunk, hunks } from './hunks.ts';

/** The instructions of a key; of both lists one entry for each. */
export interface KeyedInstructions {
  /** Line 0 where that is not known. */
  readonly instructions: readonly (readonly [line: number, digest: string])[];
  /** Absent where they are not remembered. */
  readonly keywords?: readonly string[] | undefined;
}

/** Lines count from 1. */
export type InstructionChange =
  | { readonly code: 'instruction-changed'; readonly line: number }
  | { readonly code: 'instruction-added'; readonly line: number }
  | InstructionRemoved;

/** One, or several in a row, that the Dockerfile has no more; with `isIdle` it has them, in a stage that is not built any more. */
export interface InstructionRemoved {
  readonly code: 'instruction-removed';
  /** Where the first of them was; absent where that is not known. */
  readonly line?: number | undefined;
  readonly keyword?: string | undefined;
  /** More than 1. */
  readonly count?: number | undefined;
  /** Where the instruction stands now that was before them. */
  readonly after?: number | undefined;
  readonly isIdle?: true | undefined;
}

interface Written {
  readonly line: number;
  readonly digest: string;
  readonly keyword: string | undefined;
}

/** Instructions in a row that differ: what is gone, and what came in its place. One of the two may be empty. */
interface Difference {
  readonly gone: readonly Written[];
  readonly came: readonly Written[];
  /** Where the instruction above stands now. */
  readonly above: number | undefined;
}

/** What an earlier key may say of the instructions that a Dockerfile has now. */
export interface Readings {
  /** For each instruction of the build all digests that it may have had as it is. */
  readonly alike: readonly (readonly string[])[];
  /** Digests of the instructions in stages that are not built. */
  readonly idle: readonly string[];
}

/**
 * What became of the instructions, by the lines that stay the same around it. Of instructions in a row that were changed
 * the first is told.
 */
export function instructionChanges(
  before: KeyedInstructions,
  after: KeyedInstructions,
  readings: (() => Readings) | undefined,
): readonly InstructionChange[] {
  const [old, now] = [written(before), written(after)];
  const isSame = (one: Written, other: Written) => one.digest === other.digest;
  const different = hunks(old, now, isSame);
  if (different.length === 0) return [];
  const { alike = [], idle = [] } = readings?.() ?? {};
  const known = new Map(now.map((one, index) => [one, new Set(alike[index])]));
  const read = hunks(old, now, (one, other) => isSame(one, other) || known.get(other)!.has(one.digest));
  const isIdle = new Set(idle);
  return (read.length > 0 ? read : different).flatMap((hunk) => changesIn(differenceAt(hunk, old, now), isIdle));
}

function written({ instructions, keywords }: KeyedInstructions): readonly Written[] {
  return instructions.map(([line, digest], index) => ({ line, digest, keyword: keywords?.[index] }));
}

function differenceAt({ before, after }: Hunk, old: readonly Written[], now: readonly Written[]): Difference {
  return { gone: old.slice(...before), came: now.slice(...after), above: now[after[0] - 1]?.line };
}

function changesIn({ gone, came, above }: Difference, idle: ReadonlySet<string>): readonly InstructionChange[] {
  if (came.length === 0) return removed(gone, above, idle);
  if (gone.length === 0) return [{ code: 'instruction-added', line: came[0]!.line }];
  const changed = { code: 'instruction-changed', line: came[0]!.line } as const;
  if (gone.length === came.length || gone.some(({ keyword }) => keyword === undefined)) return [changed];
  // Which of them is another one now, and which is gone, is told best by what they do.
  const parts = hunks(gone, came, (one, other) => one.keyword === other.keyword);
  const paired = came.find((_, index) => !parts.some((part) => part.after[0] <= index && index < part.after[1]));
  if (paired === undefined) return [changed];
  const others = parts.flatMap((part): readonly InstructionChange[] => {
    const inner = differenceAt(part, gone, came);
    const code = inner.gone.length > 0 ? 'instruction-changed' : 'instruction-added';
    if (inner.came.length > 0) return [{ code, line: inner.came[0]!.line }];
    return removed(inner.gone, inner.above ?? above, idle);
  });
  return [{ code: 'instruction-changed', line: paired.line }, ...others];
}

/** What is gone and what is only idle are two things. */
function removed(gone: readonly Written[], above: number | undefined, idle: ReadonlySet<string>) {
  const groups: Written[][] = [];
  for (const one of gone) {
    const last = groups.at(-1);
    if (last !== undefined && idle.has(last[0]!.digest) === idle.has(one.digest)) last.push(one);
    else groups.push([one]);
  }
  return groups.map((group): InstructionRemoved => {
    const [{ line, keyword, digest }] = group as [Written];
    return {
      code: 'instruction-removed',
      ...(line > 0 && { line }),
      ...(keyword !== undefined && { keyword }),
      ...(group.length > 1 && { count: group.length }),
      ...(above !== undefined && { after: above }),
      ...(idle.has(digest) && { isIdle: true }),
    };
  });
}
