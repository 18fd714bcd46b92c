import type { SourceSpan } from '../result.ts';
import type { Dockerfile } from './dockerfile.ts';
import { usesOfStages, type WrittenUse } from './stages.ts';
import { suggestionFor } from './suggestion.ts';

/** A name that is no stage above it, and nearly that of one. */
export interface MisspelledStage {
  readonly text: string;
  readonly meant: string;
  readonly use: WrittenUse['use'];
  /** The name alone. */
  readonly at: SourceSpan;
}

/** In the order written. An image of such a name may exist, but seldom is it meant. */
export function misspelledStages(dockerfile: Dockerfile): readonly MisspelledStage[] {
  return dockerfile.stages.flatMap((stage) =>
    usesOfStages(stage).flatMap(({ value: text, use, at }) => {
      const meant = stageLike(text, stage.index, dockerfile);
      return meant === undefined ? [] : [{ text, meant, use, at }];
    }),
  );
}

/** The stage above number `user` that was probably meant; undefined for one that is there, and for what no stage is called. */
export function stageLike(text: string, user: number, { stages }: Dockerfile): string | undefined {
  if (/[$/:@]/.test(text) || /^\d+$/.test(text) || text === 'scratch') return undefined;
  const above = stages.flatMap(({ index, name }) => (index < user && name ? [name] : []));
  return above.includes(text.toLowerCase()) ? undefined : suggestionFor(text, above);
}
