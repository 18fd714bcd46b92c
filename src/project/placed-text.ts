import type { SourceSpan } from '../result.ts';

/** Some text of a file, and where it is. */
export interface PlacedText {
  readonly text: string;
  readonly at: SourceSpan;
}
