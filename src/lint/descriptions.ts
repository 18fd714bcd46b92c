import type { SourceSpan } from '../result.ts';
import type { Report } from './finding.ts';

/** Rule InvalidDefinitionDescription, of an instruction that defines these names. */
export function checkDescription(
  { names, at }: { readonly names: readonly string[]; readonly at: SourceSpan },
  comments: readonly string[],
  report: Report,
): void {
  const last = comments.at(-1);
  if (last === undefined || names.length === 0 || names.includes(last.split(' ', 1)[0] ?? '')) return;
  const wanted = names.length === 1 ? names[0] : 'the name of one of its variables';
  report('InvalidDefinitionDescription', at, `the comment above does not start with ${wanted}`);
}
