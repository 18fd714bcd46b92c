import { hostPlatform } from '../oci/platform.ts';
import type { PlatformChoice } from '../orchestrator/key/wanted-platforms.ts';
import type { Invocation } from './invocation.ts';

/**
 * For which platforms a command works: this machine's with `--only-local-platform`; those of `--platform`; else for
 * `publish` what each info.edn says and `--default-platforms` for the others. The commands for this machine build for
 * its platform alone, unless `--default-platforms` was really given. `arch` is Node's `process.arch`.
 */
export function platformChoice(
  command: string,
  {
    options,
    explicit,
  }: Pick<Invocation<'platform' | 'defaultPlatforms' | 'onlyLocalPlatform'>, 'options' | 'explicit'>,
  arch: string,
): PlatformChoice {
  const { platform, defaultPlatforms, onlyLocalPlatform } = options;
  if (onlyLocalPlatform) return { kind: 'host', platform: hostPlatform(arch) };
  if (platform !== undefined) return { kind: 'exactly', platforms: platform };
  const isDeclared = command === 'publish' || explicit.has('defaultPlatforms');
  return isDeclared ? { kind: 'declared', defaults: defaultPlatforms } : { kind: 'host', platform: hostPlatform(arch) };
}
