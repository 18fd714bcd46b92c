/** Where two lists differ: from the first number up to the second, which is not in it. One of the two may be empty. */
export interface Hunk {
  readonly before: readonly [start: number, end: number];
  readonly after: readonly [start: number, end: number];
}

/** A place in both lists at once: a number of the one before, and of the one after. */
type Cell = readonly [row: number, column: number];

/** Cells of a table; what takes more is one hunk. */
const largest = 1_000_000;

/** The places where two lists differ, in their order, around a longest sequence that they have in common. */
export function hunks<T>(
  before: readonly T[],
  after: readonly T[],
  isSame: (one: T, other: T) => boolean,
): readonly Hunk[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isSame(before[head]!, after[head]!)) head++;
  let tail = 0;
  while (tail < shorter - head && isSame(before.at(-1 - tail)!, after.at(-1 - tail)!)) tail++;
  const [rows, columns] = [before.length - head - tail, after.length - head - tail];
  const isSameAt = (row: number, column: number) => isSame(before[head + row]!, after[head + column]!);
  const found: Hunk[] = [];
  const add = ([row, column]: Cell, [toRow, toColumn]: Cell) => {
    if (row === toRow && column === toColumn) return;
    found.push({ before: [head + row, head + toRow], after: [head + column, head + toColumn] });
  };
  const common = rows * columns > largest ? [] : longestCommon(rows, columns, isSameAt);
  let from: Cell = [0, 0];
  for (const same of common) {
    add(from, same);
    from = [same[0] + 1, same[1] + 1];
  }
  add(from, [rows, columns]);
  return found;
}

function longestCommon(
  rows: number,
  columns: number,
  isSameAt: (row: number, column: number) => boolean,
): readonly Cell[] {
  const width = columns + 1;
  // Of what is left from a row and a column on.
  const lengths = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column]!;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const longest = Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row * width + column] = isSameAt(row, column) ? at(row + 1, column + 1) + 1 : longest;
    }
  }
  const common: Cell[] = [];
  for (let [row, column] = [0, 0]; row < rows && column < columns; ) {
    if (isSameAt(row, column)) common.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return common;
}
