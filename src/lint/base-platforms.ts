import type { BaseForOther } from '../context/base-for-other.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Failure } from '../result.ts';
import { lintFinding, lintViolation } from './failure.ts';
import { lintSettingsOf } from './lint.ts';
import { ruleCounts } from './settings.ts';

/**
 * Rule InvalidBaseImagePlatform, which only a build can tell: as `lintFailures` has them. A comment above the FROM says nothing
 * of it, as in BuildKit.
 */
export function basePlatformFailures(
  bases: readonly BaseForOther[],
  input: { readonly dockerfile: Dockerfile; readonly buildArgs: Readonly<Record<string, string>> },
): readonly Failure[] {
  const settings = lintSettingsOf(input);
  const rule = 'InvalidBaseImagePlatform';
  if (!settings.ok || !ruleCounts(rule, settings.value)) return [];
  return bases.map(({ name, at, wanted, is }) => {
    const message = `the image ${name} is for ${formatPlatform(is)}, and not for ${formatPlatform(wanted)}`;
    return settings.value.isError ? lintViolation({ rule, at, message }) : lintFinding({ rule, at, message });
  });
}
