import type { SourceSpan } from '../result.ts';

/** A decoded file and the name it is shown under. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** The span of the characters from `offset` up to `end`, in UTF-16 code units. */
export function spanOf(source: SourceFile, offset: number, end: number): SourceSpan {
  const before = source.text.slice(0, offset);
  const lines = before.split(/\r\n|\r|\n/);
  return {
    file: source.file,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    offset,
    length: end - offset,
  };
}
