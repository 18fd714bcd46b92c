import { readIgnoreFile } from '../context/ignore-file.ts';
import { lintFailures } from '../lint/lint.ts';
import type { RuleName } from '../lint/rules.ts';
import { type Platform, samePlatform } from '../oci/platform.ts';
import { wantedPlatforms } from '../orchestrator/key/wanted-platforms.ts';
import type { Notice, Project } from '../project/project.ts';
import { type Failure, FailureError } from '../result.ts';

/**
 * What the rules find in each Dockerfile of a project, each once and not for each platform. An ignore file that can't be read
 * is told elsewhere.
 */
export async function lintProject(
  { contexts }: Pick<Project, 'contexts'>,
  inputs: {
    readonly buildArgs: Readonly<Record<string, string>>;
    readonly defaults: readonly Platform[];
    readonly machine: Platform;
  },
): Promise<readonly Failure[]> {
  const found: Failure[] = [];
  for (const context of contexts.values()) {
    const { dockerfile, dockerfileText: text, directory, path } = context;
    const ignore = await readIgnoreFile(directory, path).catch((error: unknown) => {
      if (error instanceof FailureError) return undefined;
      throw error;
    });
    const common = {
      dockerfile,
      text,
      buildPlatform: inputs.machine,
      buildArgs: inputs.buildArgs,
      allStages: true,
      ignore: ignore?.ok ? ignore.value : undefined,
    };
    const platforms = wantedPlatforms(context, { kind: 'declared', defaults: inputs.defaults });
    found.push(...lintOf(common, platforms));
  }
  return found;
}

/** What the rules find in one Dockerfile for any of the platforms. */
export function lintOf(
  input: Omit<Parameters<typeof lintFailures>[0], 'platform'>,
  platforms: readonly Platform[],
): readonly Failure[] {
  const distinct = platforms.filter((one, index) => platforms.findIndex((other) => samePlatform(one, other)) === index);
  const all = distinct.flatMap((platform) => lintFailures({ ...input, platform }));
  const each = new Map(all.map((failure) => [`${failure.reason} ${failure.at?.offset} ${failure.message}`, failure]));
  return [...each.values()].sort((a, b) => (a.at?.offset ?? 0) - (b.at?.offset ?? 0));
}

/** What of it is only a warning, and what fails a build. */
export function lintLevels(found: readonly Failure[]): {
  readonly warnings: readonly Notice[];
  readonly problems: readonly Failure[];
} {
  const warnings = found.filter(({ reason }) => reason === 'lint-finding');
  return {
    warnings: warnings.map((failure) => ({ ...failure, level: 'warning' })),
    problems: found.filter(({ reason }) => reason !== 'lint-finding'),
  };
}

/** Rules that say again, less exactly, what may fail the build for another reason. */
const saidAgain: ReadonlySet<string | undefined> = new Set<RuleName>([
  'CopyIgnoredFile',
  'InvalidDefaultArgInFrom',
  'UndefinedArgInFrom',
]);

/** The findings that none of the problems says already. */
export function untoldFindings(findings: readonly Notice[], problems: readonly Failure[]): readonly Notice[] {
  const isIn = ({ at }: Failure, finding: Failure) =>
    at !== undefined &&
    finding.at !== undefined &&
    at.file === finding.at.file &&
    at.offset >= finding.at.offset &&
    at.offset < finding.at.offset + finding.at.length;
  return findings.filter(
    (finding) => !saidAgain.has(finding.subject) || !problems.some((problem) => isIn(problem, finding)),
  );
}
