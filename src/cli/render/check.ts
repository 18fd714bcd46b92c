import type { Notice } from '../../project/project.ts';
import { aheadFailures, staleGroupFailure, staleGroups } from '../../project/stale.ts';
import type { Failure } from '../../result.ts';
import { untoldFindings } from '../lint-project.ts';
import type { FoundProject } from '../open-project.ts';
import { unusedArguments } from '../unused-arguments.ts';
import { plural } from './plural.ts';

/** What `cip check` found. */
export interface CheckReport {
  readonly schema: 'cip.check/v1';
  /** That could be read. */
  readonly contexts: number;
  /** References between images of the project. */
  readonly references: number;
  /** What keeps images from being built. */
  readonly problems: readonly Failure[];
  /** For each image that is referred to by another version than the project holds, which a cascade mends. */
  readonly stale: readonly Failure[];
  /** How many references that are. */
  readonly outOfDate: number;
  readonly warnings: readonly Notice[];
}

/** `known`: what builds will find besides; `linted`: what the lint rules find. */
export function checkOf(
  { graph, buildArgs, notices }: FoundProject,
  known: readonly Failure[],
  linted: readonly Notice[],
): CheckReport {
  const problems = [...graph.problems.map(({ failure }) => failure), ...aheadFailures(graph.stale)];
  const all = byFile([...problems, ...untold(known, problems)]);
  return {
    schema: 'cip.check/v1',
    contexts: graph.project.contexts.size,
    references: graph.edges.length,
    problems: all,
    stale: staleGroups(graph.stale).map((group) => staleGroupFailure(group)),
    outOfDate: graph.stale.filter(({ isAhead }) => !isAhead).length,
    warnings: [
      ...notices,
      ...unusedArguments(buildArgs, graph.order, graph),
      ...graph.advice,
      ...untoldFindings(linted, all),
    ],
  };
}

/**
 * What builds will find that is not told yet, each once: not for each platform, and not at a place with which the other
 * commands stop for another reason.
 */
function untold(known: readonly Failure[], told: readonly Failure[]): readonly Failure[] {
  const taken = new Map(told.map((failure) => [placeOf(failure), failure.reason]));
  const each = new Map(known.map((failure) => [`${placeOf(failure)} ${failure.message}`, failure]));
  return [...each.values()].filter((failure) => (taken.get(placeOf(failure)) ?? failure.reason) === failure.reason);
}

/** The files in the order in which they are first named; what is wrong with each in the order of its lines. */
function byFile(problems: readonly Failure[]): readonly Failure[] {
  const files = new Map<string | Failure, Failure[]>();
  for (const problem of problems) {
    const file = problem.at?.file ?? problem;
    const known = files.get(file);
    if (known === undefined) files.set(file, [problem]);
    else known.push(problem);
  }
  return [...files.values()].flatMap((group) => group.toSorted((a, b) => (a.at?.offset ?? 0) - (b.at?.offset ?? 0)));
}

function placeOf({ message, at }: Failure): string {
  return at === undefined ? message : `${at.file} ${at.offset}`;
}

/** Where there is no project. */
export function checkOfInvalid(problems: readonly Failure[]): CheckReport {
  return { schema: 'cip.check/v1', contexts: 0, references: 0, problems, stale: [], outOfDate: 0, warnings: [] };
}

/** One line that says what is well. */
export function checkSummary({ contexts, references, outOfDate, warnings }: CheckReport): string {
  const serious = warnings.filter(({ level }) => level === 'warning');
  const parts = [
    plural(contexts, 'context'),
    `${plural(references, 'internal reference')}, ${outOfDate === 0 ? 'all up to date' : `${outOfDate} out of date`}`,
    'no cycle, order matches the graph',
    ...(serious.length === 0 ? [] : [plural(serious.length, 'warning')]),
  ];
  return `${parts.join('; ')}\n`;
}
