import { formatPlatform, type Platform } from '../oci/platform.ts';

/** Global arguments that are there without an ARG above FROM. A stage must still declare them. */
export function platformArgs(
  target: Platform,
  build: Platform,
  targetStage: string | undefined,
): Readonly<Record<string, string>> {
  return { ...describe('TARGET', target), ...describe('BUILD', build), TARGETSTAGE: targetStage ?? 'default' };
}

function describe(prefix: string, platform: Platform): Record<string, string> {
  return {
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}OSVERSION`]: '',
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? '',
  };
}
