import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import type { Notice } from './project.ts';

/** Of what is legal in a Dockerfile, what nobody means: an instruction that the one above it swallows. */
export function dockerfileNotices({ warnings }: Dockerfile): readonly Notice[] {
  return warnings.flatMap((warning) =>
    warning.reason === 'swallowed-instruction' ? [{ level: 'warning', ...warning }] : [],
  );
}
