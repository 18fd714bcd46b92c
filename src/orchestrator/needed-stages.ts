import { globalValues } from '../context/global-values.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { expand } from '../dockerfile/expand.ts';
import { findStage, stagesNeededBy } from '../dockerfile/stages.ts';
import type { Platform } from '../oci/platform.ts';
import type { Context } from '../project/project.ts';
import { buildPlatforms } from './build-platforms.ts';

export interface NeededStagesInputs {
  readonly context: Context;
  /** That the image is built for. */
  readonly platform: Platform;
  readonly target?: string | undefined;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
}

/**
 * The Dockerfile without the stages that the target is not made of, whichever machine builds it. The others keep their
 * indexes. Whole where that cannot be told: it fails where it is built.
 */
export function neededStages({ context, platform, target, buildArgs }: NeededStagesInputs): Dockerfile {
  const { dockerfile, dockerfileText } = context;
  const wanted = findStage(dockerfile, target);
  if (!wanted.ok) return dockerfile;
  const needed = new Set<number>();
  for (const buildPlatform of buildPlatforms(dockerfileText)) {
    const { values } = globalValues({ dockerfile, platform, buildPlatform, buildArgs, targetStage: target });
    const stages = stagesNeededBy(dockerfile, wanted.value, (text) => {
      const expanded = expand(text, values, dockerfile.escape);
      return expanded.ok ? expanded.value.value : undefined;
    });
    if (!stages.ok) return dockerfile;
    for (const { index } of stages.value) needed.add(index);
  }
  return { ...dockerfile, stages: dockerfile.stages.filter(({ index }) => needed.has(index)) };
}
