import { globalValues } from '../context/global-values.ts';
import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import { ExpansionBudget, expand } from '../dockerfile/expand.ts';
import { Source } from '../dockerfile/source.ts';
import { findStage, stagesNeededBy } from '../dockerfile/stages.ts';
import type { Platform } from '../oci/platform.ts';
import { type Failure, failed, ok, type Result, type SourceSpan } from '../result.ts';
import { checkBase, checkDefaultBases, type Globals } from './bases.ts';
import { checkInstructionCasing } from './casing.ts';
import { Comments, checkDirectiveAt } from './comments.ts';
import { checkDescription } from './descriptions.ts';
import { invalidCheckOption, lintFinding, lintViolation } from './failure.ts';
import type { Finding, Report } from './finding.ts';
import { certainMatcher } from './ignored-sources.ts';
import { type LintSettings, mergedSettings, parseLintSettings, ruleCounts } from './settings.ts';
import { type StageSurroundings, StageWalk } from './stage.ts';
import { checkStageCasing, checkStageNames } from './stage-names.ts';
import { LintedVariables } from './variables.ts';

/** A Dockerfile, and what a build of it is given. */
export interface LintInput {
  readonly dockerfile: Dockerfile;
  /** What the spans of `dockerfile` count in. */
  readonly text: string;
  readonly platform: Platform;
  /** Of the machine that builds. */
  readonly buildPlatform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  /** Stages that `target` does not need are looked at as text only where false, as in a build. */
  readonly allStages: boolean;
  /** Patterns of the ignore file; what it leaves out is not looked at where they are not given. */
  readonly ignore?: readonly string[] | undefined;
}

/** What the rules found that counts, in the order of the file. */
export interface LintResult {
  readonly findings: readonly Finding[];
  /** Whether the Dockerfile says that a finding fails a build. */
  readonly isError: boolean;
}

/** The build argument that is taken in place of `# check=`. */
const settingsArgument = 'BUILDKIT_DOCKERFILE_CHECK';

/**
 * Holds a Dockerfile to the rules, as far as it is known without asking for a base image: a stage on one may use any
 * variable. Fails where `# check=` has an option that there is not (`invalid-check-option`).
 */
export function lint(input: LintInput): Result<LintResult> {
  const { dockerfile, text, buildArgs } = input;
  const source = new Source(dockerfile.file, text);
  const parsed = lintSettingsOf(input);
  if (!parsed.ok) {
    const isGiven = Object.hasOwn(buildArgs, settingsArgument);
    return failed([invalidCheckOption(parsed.failure, isGiven ? undefined : checkDirectiveAt(source))]);
  }
  const findings = new Findings(parsed.value);
  const comments = new Comments(source);
  const reportAt = (at: SourceSpan) => findings.reportWith(comments.checkAbove(at.offset));

  for (const { reason, at } of dockerfile.warnings)
    if (reason === 'empty-continuation')
      findings.report('NoEmptyContinuation', at, 'an empty line inside an instruction does not end it');
  checkStageNames(dockerfile, findings.report);
  checkInstructionCasing(dockerfile, text, findings.report);
  const { globals, budget } = globalsOf(input);
  const rules = { escapeCharacter: dockerfile.escape, budget };
  checkDefaultBases(dockerfile, { globals, rules }, findings.report);
  for (const { args, at } of dockerfile.globalArgs) checkArgDescription(args, { at, comments }, reportAt(at));

  const surroundings: StageSurroundings = {
    dockerfile,
    text,
    globals,
    buildArgs,
    matcher: certainMatcher(input.ignore ?? []),
    budget,
  };
  const needed = stagesToLookAt(input, surroundings);
  const walks: StageWalk[] = [];
  for (const stage of dockerfile.stages) {
    const { at } = stage.from;
    const report = reportAt(at);
    checkStageCasing(stage, text, report);
    if (stage.name !== undefined) checkDescription({ names: [stage.name], at }, comments.above(at.offset), report);
    checkBase(stage, { globals, rules }, report);
    const walk = walkOf(stage, walks, surroundings);
    walks.push(walk);
    const isNeeded = needed === undefined || needed.has(stage.index);
    for (const instruction of stage.instructions) {
      const told = reportAt(instruction.at);
      if (instruction.keyword === 'ARG') checkArgDescription(instruction.args, { at: instruction.at, comments }, told);
      walk.visit(instruction, isNeeded || instruction.keyword === 'MAINTAINER' ? told : () => {});
    }
  }
  return ok({ findings: findings.sorted(), isError: parsed.value.isError });
}

/** What the whole Dockerfile says of rules, or the build argument in its place. Fails with the option that is none. */
export function lintSettingsOf({
  dockerfile,
  buildArgs,
}: Pick<LintInput, 'dockerfile' | 'buildArgs'>): Result<LintSettings, string> {
  const given = Object.hasOwn(buildArgs, settingsArgument) ? buildArgs[settingsArgument] : undefined;
  return parseLintSettings(given ?? dockerfile.directives.get('check')?.split(' ', 1)[0] ?? '');
}

/** What `lint` found as failures: `lint-violation` and `invalid-check-option` fail a build, `lint-finding` is a warning. */
export function lintFailures(input: LintInput): readonly Failure[] {
  const result = lint(input);
  if (!result.ok) return result.failure;
  return result.value.findings.map((finding) => (result.value.isError ? lintViolation(finding) : lintFinding(finding)));
}

/** Those of `lintFailures` that fail a build. Costs nothing where the Dockerfile does not ask for errors. */
export function lintErrors(input: LintInput): readonly Failure[] {
  const isAsked = input.dockerfile.directives.has('check') || Object.hasOwn(input.buildArgs, settingsArgument);
  return isAsked ? lintFailures(input).filter(({ reason }) => reason !== 'lint-finding') : [];
}

/** The findings that count, each once. */
class Findings {
  readonly #settings: LintSettings;
  readonly #found = new Map<string, Finding>();

  constructor(settings: LintSettings) {
    this.#settings = settings;
  }

  /** By the settings of the file alone. */
  readonly report: Report = (rule, at, message) => this.#add({ rule, at, message }, this.#settings);

  /** Also by those of a comment; one that is wrong counts for nothing, as in BuildKit. */
  reportWith(comment: string | undefined): Report {
    const more = parseLintSettings(comment ?? '');
    const settings = more.ok ? mergedSettings(this.#settings, more.value) : this.#settings;
    return (rule, at, message) => this.#add({ rule, at, message }, settings);
  }

  sorted(): readonly Finding[] {
    return [...this.#found.values()].sort((a, b) => a.at.offset - b.at.offset);
  }

  #add(finding: Finding, settings: LintSettings): void {
    if (ruleCounts(finding.rule, settings))
      this.#found.set(`${finding.rule} ${finding.at.offset} ${finding.message}`, finding);
  }
}

function checkArgDescription(
  args: readonly { readonly key: string }[],
  { at, comments }: { readonly at: SourceSpan; readonly comments: Comments },
  report: Report,
): void {
  checkDescription({ names: args.map(({ key }) => key), at }, comments.above(at.offset), report);
}

function globalsOf(input: LintInput): { readonly globals: Globals; readonly budget: ExpansionBudget } {
  const { dockerfile, platform, buildPlatform, buildArgs, target } = input;
  const budget = new ExpansionBudget();
  const common = { dockerfile, platform, buildPlatform, targetStage: target, budget };
  // REGISTRY is cip's own and given to every build of a project (ADR 0023).
  const { REGISTRY } = buildArgs;
  const registry: LintInput['buildArgs'] = REGISTRY === undefined ? {} : { REGISTRY };
  const { values } = globalValues({ ...common, buildArgs });
  const { values: defaults } = globalValues({ ...common, buildArgs: registry });
  const declared = new Set(dockerfile.globalArgs.flatMap(({ args }) => args.map(({ key }) => key)));
  return { globals: { values, defaults, declared }, budget };
}

/** By number; undefined for all. */
function stagesToLookAt(
  { dockerfile, target, allStages }: LintInput,
  { globals, budget }: StageSurroundings,
): ReadonlySet<number> | undefined {
  const stage = allStages ? undefined : findStage(dockerfile, target);
  if (!stage?.ok) return undefined;
  const resolve = (value: string) => {
    const expanded = expand(value, globals.values, { escapeCharacter: dockerfile.escape, budget });
    return expanded.ok ? expanded.value.value : undefined;
  };
  const needed = stagesNeededBy(dockerfile, stage.value, { resolve });
  return needed.ok ? new Set(needed.value.map(({ index }) => index)) : undefined;
}

function walkOf({ from, index }: Stage, walks: readonly StageWalk[], surroundings: StageSurroundings): StageWalk {
  const { dockerfile, globals, budget } = surroundings;
  const expanded = expand(from.image, globals.values, { escapeCharacter: dockerfile.escape, budget });
  const name = expanded.ok ? expanded.value.value.toLowerCase() : '';
  const parent = dockerfile.stages.slice(0, index).findLast((stage) => stage.name === name);
  const above = parent && walks[parent.index];
  if (above !== undefined) return above.child();
  const isOpen = name !== 'scratch';
  const variables = new LintedVariables(isOpen ? [] : [['PATH', '']], [], isOpen);
  return new StageWalk(surroundings, { variables, hasShell: false, hasWorkdir: false });
}
