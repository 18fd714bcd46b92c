import { hostPlatform } from '../oci/platform.ts';
import { dockerfileNotices } from '../project/dockerfile-notices.ts';
import type { Notice } from '../project/project.ts';
import type { Failure } from '../result.ts';
import { type ExitStatus, exitStatus, statusOf } from './exit-codes.ts';
import type { ImageSource } from './image-source.ts';
import type { Invocation } from './invocation.ts';
import { lintLevels, lintOf, untoldFindings } from './lint-project.ts';
import { plural } from './render/plural.ts';
import { sarifText } from './render/sarif.ts';
import type { World } from './world.ts';

/**
 * `cip build-image --check`: what is known to be wrong (`mistakes`), and what the lint rules find in all stages. Nothing is
 * fetched or built.
 */
export function tellChecked(
  source: ImageSource,
  {
    mistakes,
    unused,
    ignore,
  }: {
    readonly mistakes: readonly Failure[];
    /** What the command line gives for nothing. */
    readonly unused: readonly Notice[];
    readonly ignore: readonly string[];
  },
  { options, world }: { readonly options: Invocation<'problemFormat' | 'json'>['options']; readonly world: World },
): ExitStatus {
  const buildPlatform = hostPlatform(world.surroundings.arch);
  const linted = lintLevels(lintOf({ ...source, buildPlatform, allStages: true, ignore }, source.platforms));
  const all = [...mistakes, ...linted.problems];
  const each = new Map(all.map((failure) => [`${failure.reason} ${failure.at?.offset} ${failure.message}`, failure]));
  const problems = [...each.values()].sort((a, b) => (a.at?.offset ?? 0) - (b.at?.offset ?? 0));
  const warnings = [...dockerfileNotices(source.dockerfile), ...unused, ...untoldFindings(linted.warnings, problems)];
  for (const warning of warnings) world.notify(warning, warning.level);
  world.report(problems);
  const format = options.json ? 'json' : options.problemFormat;
  if (format === 'json')
    world.print(`${JSON.stringify({ schema: 'cip.image-check/v1', problems, warnings }, null, 2)}\n`);
  else if (format === 'sarif') world.print(sarifText(problems, warnings));
  else if (problems.length === 0)
    world.print(`${source.dockerfile.file}: ${plural(warnings.length, 'warning')}, and nothing that fails a build\n`);
  return problems.length === 0 ? exitStatus.done : statusOf(problems);
}
