/** A part of a text: the characters from `start` to before `end`, in UTF-16 code units. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}
