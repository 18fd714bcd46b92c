import type { SourceSpan } from '../result.ts';
import { expandIn, globalArguments, globalScope, type ReplacedDefault } from './global-scope.ts';
import type { PlacedText } from './placed-text.ts';
import type { ImageReference } from './references.ts';

/** Where a part of an expanded reference is written. */
export interface WrittenAt {
  readonly at: SourceSpan;
  /** The global ARG whose default it is in; absent if it is in the reference itself. */
  readonly argument?: string | undefined;
}

/** What a place is filled with to see whether it is the right one. Means nothing to any expansion. */
const probe = '0cip0probe0';

/**
 * Where the characters from `start` up to `end` of `reference.expanded` are written in the Dockerfile `text`, if in one
 * piece. Every place that has these characters is tried: it is the right one if the reference changes with it, there
 * and nowhere else. So no rule of expansion is known here, and defaults, nested variables and `${X:-1.0.0}` all work.
 */
export function writtenAt(
  reference: ImageReference,
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): WrittenAt | undefined {
  const part = reference.expanded.slice(start, end);
  if (part === '') return undefined;
  const wanted = reference.expanded.slice(0, start) + probe + reference.expanded.slice(end);
  const search = { reference, text, part, wanted };
  return inReference(search) ?? inDefaults(search);
}

interface Search {
  readonly reference: ImageReference;
  /** Of the Dockerfile. */
  readonly text: string;
  /** The characters whose place is looked for. */
  readonly part: string;
  /** What the reference expands to where the probe stands in the right place. */
  readonly wanted: string;
}

function inReference(search: Search): WrittenAt | undefined {
  const { reference, part, wanted } = search;
  const offset = placesOf(search, reference).find(
    (offset) => expansion(reference, replaced(reference.text, offset, part)) === wanted,
  );
  return offset === undefined ? undefined : { at: within(reference.at, offset, part.length) };
}

function inDefaults(search: Search): WrittenAt | undefined {
  const { reference, part, wanted } = search;
  for (const argument of globalArguments(reference.scope.dockerfile)) {
    const { key, value, valueAt } = argument;
    if (value === undefined || valueAt === undefined) continue;
    const offset = placesOf(search, { text: value, at: valueAt }).find(
      (offset) => expansion(reference, reference.text, { argument, text: replaced(value, offset, part) }) === wanted,
    );
    if (offset !== undefined) return { at: within(valueAt, offset, part.length), argument: key };
  }
  return undefined;
}

/** Offsets of the part in a word; none where a line continuation is inside, so that they would not be those of the file. */
function placesOf({ text, part }: Search, { text: word, at }: PlacedText): readonly number[] {
  const isVerbatim = at.length === word.length && text.startsWith(word, at.offset);
  const offsets: number[] = [];
  if (!isVerbatim) return offsets;
  for (let offset = word.indexOf(part); offset !== -1; offset = word.indexOf(part, offset + 1)) offsets.push(offset);
  return offsets;
}

function replaced(word: string, offset: number, part: string): string {
  return word.slice(0, offset) + probe + word.slice(offset + part.length);
}

function expansion({ scope }: ImageReference, word: string, replacedDefault?: ReplacedDefault): string | undefined {
  const changed = replacedDefault === undefined ? scope : changedScope(scope, replacedDefault);
  const expanded = changed && expandIn(changed, word);
  return expanded?.ok ? expanded.value.value : undefined;
}

function changedScope({ dockerfile, given }: ImageReference['scope'], replacedDefault: ReplacedDefault) {
  const scope = globalScope(dockerfile, given, replacedDefault);
  return scope.ok ? scope.value : undefined;
}

/** A part of a span that does not reach over the end of a line. */
function within(at: SourceSpan, offset: number, length: number): SourceSpan {
  return { file: at.file, line: at.line, column: at.column + offset, offset: at.offset + offset, length };
}
