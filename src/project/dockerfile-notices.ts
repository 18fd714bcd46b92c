import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import type { Notice } from './project.ts';

/** Of what is legal in a Dockerfile, what a person should know: an instruction that the one above it swallows, a newer language. */
export function dockerfileNotices({ warnings }: Dockerfile): readonly Notice[] {
  return warnings.flatMap((warning) =>
    warning.reason === 'swallowed-instruction' || warning.reason === 'newer-syntax'
      ? [{ level: 'warning', ...warning }]
      : [],
  );
}
