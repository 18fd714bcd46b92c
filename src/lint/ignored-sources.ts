import { posix } from 'node:path';
import type { AddInstruction, CopyInstruction } from '../dockerfile/dockerfile.ts';
import { type IgnoreMatcher, ignoreMatcher } from '../dockerfile/dockerignore.ts';
import type { Report } from './finding.ts';

/** What leaves paths out of the context; undefined where there is nothing that a rule could say for certain. */
export function certainMatcher(patterns: readonly string[]): IgnoreMatcher | undefined {
  // A pattern with ! may bring back what is below a directory that another leaves out.
  return patterns.length === 0 || patterns.some((pattern) => pattern.startsWith('!'))
    ? undefined
    : ignoreMatcher(patterns);
}

/** What leaves out all that a context holds leaves this out, and no pattern names it. */
const anyName = '\u{e000}';

/** Rule CopyIgnoredFile; `sources` with their variables filled in. */
export function checkSources(
  {
    instruction,
    sources,
  }: { readonly instruction: AddInstruction | CopyInstruction; readonly sources: readonly string[] },
  matcher: IgnoreMatcher | undefined,
  report: Report,
): void {
  if (matcher === undefined || (instruction.keyword === 'COPY' && instruction.from !== undefined)) return;
  for (const source of sources) {
    if (/^(?:https?|ssh|git):\/\/|^git@/.test(source)) continue;
    // BuildKit says nothing of a path with a slash in front either.
    if (source.startsWith('/')) continue;
    const path = posix.normalize(source).replace(/\/$/, '');
    if (matcher.excludes(path === '.' ? anyName : path))
      report(
        'CopyIgnoredFile',
        instruction.at,
        `${instruction.keyword} takes "${path}", which the ignore file leaves out`,
      );
  }
}
