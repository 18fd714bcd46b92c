import { globalValues } from '../../context/global-values.ts';
import type { Dockerfile } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import { formatPlatform, type Platform, parsePlatform } from '../../oci/platform.ts';
import { buildPlatforms } from './build-platforms.ts';

/** One Dockerfile, and for which platform and on which machine it is built. */
export interface StagePlatformsInputs {
  readonly dockerfile: Dockerfile;
  readonly dockerfileText: string;
  /** That the image is built for. */
  readonly platform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The one that builds; any that may if not given. */
  readonly machine?: Platform | undefined;
}

/**
 * The platforms for which a stage may take images: that of the build, or what `FROM --platform` says.
 */
export function stagePlatforms(stage: number, inputs: StagePlatformsInputs): readonly Platform[] {
  const machines = inputs.machine === undefined ? buildPlatforms(inputs.dockerfileText) : [inputs.machine];
  const all = machines.map((machine) => platformOf(stage, inputs, machine));
  return [...new Map(all.map((platform) => [formatPlatform(platform), platform])).values()];
}

function platformOf(index: number, inputs: StagePlatformsInputs, buildPlatform: Platform): Platform {
  const { dockerfile, platform, buildArgs } = inputs;
  const { values } = globalValues({ dockerfile, platform, buildPlatform, buildArgs, targetStage: undefined });
  const fill = (word: string) => {
    const expanded = expand(word, values, { escapeCharacter: dockerfile.escape });
    return expanded.ok ? expanded.value.value : '';
  };
  for (let stage = dockerfile.stages[index]; stage !== undefined; ) {
    const { from } = stage;
    const base = fill(from.image).toLowerCase();
    const below: number = stage.index;
    const above = dockerfile.stages.findLast((other) => other.index < below && other.name === base);
    if (above === undefined) {
      const parsed = from.platform === undefined ? undefined : parsePlatform(fill(from.platform));
      return parsed?.ok ? parsed.value : platform;
    }
    stage = above;
  }
  return platform;
}
