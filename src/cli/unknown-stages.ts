import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { findStage, noSuchStage } from '../dockerfile/stages.ts';
import type { Failure } from '../result.ts';

/** `unknown-stage` for each name that no stage of any of the Dockerfiles has. */
export function unknownStages(names: readonly string[], dockerfiles: readonly Dockerfile[]): readonly Failure[] {
  const lacking = names.filter((name) => !dockerfiles.some((dockerfile) => findStage(dockerfile, name).ok));
  return [...new Set(lacking)].map((name) => noSuchStage(dockerfiles, name));
}
