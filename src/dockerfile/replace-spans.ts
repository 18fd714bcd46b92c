import { failed, ok, type Result, type SourceSpan } from '../result.ts';
import { overlappingEdits } from './failure.ts';

/** Puts `text` where `at` is; nothing is taken away where its length is 0. */
export interface SpanEdit {
  readonly at: SourceSpan;
  readonly text: string;
}

/**
 * The text with all edits made, and every other character as it was. Edits may come in any order; those at one place
 * are made in the order given. Fails where two change the same characters. A span outside of the text is a bug.
 */
export function replaceSpans(text: string, edits: readonly SpanEdit[]): Result<string> {
  const sorted = edits.toSorted((a, b) => a.at.offset - b.at.offset || a.at.length - b.at.length);
  const failures = sorted.flatMap((edit, index) => {
    const before = sorted[index - 1];
    return before && before.at.offset + before.at.length > edit.at.offset ? [overlappingEdits(before.at, edit.at)] : [];
  });
  if (failures.length > 0) return failed(failures);
  let result = '';
  let copied = 0;
  for (const { at, text: replacement } of sorted) {
    const end = at.offset + at.length;
    if (at.offset < 0 || end > text.length) throw new Error(`an edit at ${at.offset} of a text of ${text.length}`);
    result += text.slice(copied, at.offset) + replacement;
    copied = end;
  }
  return ok(result + text.slice(copied));
}
