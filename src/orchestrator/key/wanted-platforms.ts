import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import type { Context } from '../../project/project.ts';

/**
 * Which platforms a run is for: `host` only this machine's, of images that are made for it; `declared` those of each
 * image's metadata, else the defaults; `exactly` these, whatever the metadata says.
 */
export type PlatformChoice =
  | { readonly kind: 'host'; readonly platform: Platform }
  | { readonly kind: 'declared'; readonly defaults: readonly Platform[] }
  | { readonly kind: 'exactly'; readonly platforms: readonly Platform[] };

/** In the order given, without repeats; empty where the image is not made for the host. */
export function wantedPlatforms(context: Context, choice: PlatformChoice): readonly Platform[] {
  switch (choice.kind) {
    case 'host': {
      const { platform } = choice;
      const excluded = context.platforms.length > 0 && !context.platforms.some((one) => samePlatform(one, platform));
      return excluded ? [] : [platform];
    }
    case 'declared':
      return distinct(context.platforms.length > 0 ? context.platforms : choice.defaults);
    case 'exactly':
      return distinct(choice.platforms);
  }
}

function distinct(platforms: readonly Platform[]): readonly Platform[] {
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}
