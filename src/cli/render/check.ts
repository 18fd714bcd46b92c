import type { Notice } from '../../project/project.ts';
import { staleFailure } from '../../project/stale.ts';
import type { Failure } from '../../result.ts';
import type { OpenProject } from '../open-project.ts';
import { plural } from './plural.ts';

/** What `cip check` found. */
export interface CheckReport {
  readonly schema: 'cip.check/v1';
  readonly contexts: number;
  /** References between images of the project. */
  readonly references: number;
  /** Of a project that nothing can be done with. */
  readonly problems: readonly Failure[];
  /** References to another version than the project holds, which a cascade updates. */
  readonly stale: readonly Failure[];
  readonly warnings: readonly Notice[];
}

export function checkOf({ graph, notices }: OpenProject): CheckReport {
  const [ahead, behind] = [true, false].map((is) => graph.stale.filter(({ isAhead }) => isAhead === is));
  return {
    schema: 'cip.check/v1',
    contexts: graph.project.contexts.size,
    references: graph.edges.length,
    problems: ahead!.map(staleFailure),
    stale: behind!.map(staleFailure),
    warnings: [...notices, ...graph.portability],
  };
}

export function checkOfInvalid(problems: readonly Failure[]): CheckReport {
  return { schema: 'cip.check/v1', contexts: 0, references: 0, problems, stale: [], warnings: [] };
}

/** One line that says what is well. */
export function checkSummary({ contexts, references, stale, warnings }: CheckReport): string {
  const serious = warnings.filter(({ level }) => level === 'warning');
  const parts = [
    plural(contexts, 'context'),
    `${plural(references, 'internal reference')}, ${stale.length === 0 ? 'all up to date' : `${stale.length} behind`}`,
    'no cycle, order matches the graph',
    ...(serious.length === 0 ? [] : [plural(serious.length, 'warning')]),
  ];
  return `${parts.join('; ')}\n`;
}
