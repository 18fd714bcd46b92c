import type { MovedTag } from '../orchestrator/moved-tag.ts';
import type { Plan } from '../orchestrator/plan.ts';
import { type ImageResult, isComplete } from '../orchestrator/run-report.ts';
import type { Failure } from '../result.ts';
import { type ExitStatus, exitStatus, statusOf } from './exit-codes.ts';
import { duration } from './render/duration.ts';
import { plural } from './render/plural.ts';
import { type FailureGroup, reportFailures, reportGroups } from './report-failure.ts';
import type { World } from './world.ts';

/** How a build or a publish ended. */
export interface FinishedRun {
  readonly command: string;
  readonly plan: Plan;
  readonly results: readonly ImageResult[];
  /** Failures of no image in particular: those of setting tags. */
  readonly failures: readonly Failure[];
  /** `reference@digest` of what this run made. */
  readonly made: readonly string[];
  readonly tags: readonly MovedTag[];
  /** Milliseconds. */
  readonly duration: number;
}

/** Tells how it ended: the result on stdout, failures and a last line on stderr. Returns the exit status. */
export async function conclude(run: FinishedRun, json: boolean, world: World): Promise<ExitStatus> {
  await world.renderer.close();
  const groups = failureGroups(run, world);
  world.complain(reportGroups(groups, world.reportOptions));
  if (run.failures.length > 0) world.complain(reportFailures(run.failures, world.reportOptions));
  const unbuilt = notBuilt(run.results);
  if (unbuilt !== '') world.complain(unbuilt);
  world.tell(`${lastLine(run)}\n`);
  if (json) world.print(`${JSON.stringify(reportDocument(run), null, 2)}\n`);
  else world.print(run.made.map((line) => `${line}\n`).join(''));
  const failures = [...groups.flatMap((group) => group.failures), ...run.failures];
  return failures.length === 0 && !isComplete(run) ? exitStatus.failed : statusOf(failures);
}

/** `cip.report/v1`. */
export function reportDocument(run: FinishedRun) {
  return {
    schema: 'cip.report/v1',
    command: run.command,
    registry: run.plan.registry,
    images: run.results.map((result) => ({
      name: result.image.name,
      version: result.image.version,
      reference: result.image.reference,
      action: result.image.action,
      status: result.status,
      ...('content' in result && result.content && { digest: result.content.digest }),
      ...('duration' in result && { durationMs: Math.round(result.duration) }),
      ...('by' in result && { by: result.by }),
      ...('failures' in result && { failures: result.failures }),
    })),
    made: run.made,
    tags: run.tags,
    failures: run.failures,
    durationMs: Math.round(run.duration),
  };
}

function failureGroups({ results }: FinishedRun, world: World): FailureGroup[] {
  return results.flatMap((result) => {
    if (result.status !== 'failed') return [];
    const log = world.logs.pathFor(result.image.name);
    return [
      {
        title: `${result.image.name} ${result.image.version}`,
        failures: result.failures,
        notes: log === undefined ? [] : [`full log: ${log}`],
      },
    ];
  });
}

/** `not built: web (needs base), docs (not started)`. */
function notBuilt(results: readonly ImageResult[]): string {
  const words = results.flatMap((result) => {
    if (result.status === 'blocked') return [`${result.image.name} (needs ${result.by})`];
    if (result.status === 'not-started') return [`${result.image.name} (not started)`];
    return result.status === 'cancelled' ? [`${result.image.name} (cancelled)`] : [];
  });
  return words.length === 0 ? '' : `\nnot built: ${words.join(', ')}\n`;
}

/** `2 built, 1 re-tagged, 3 up to date, 1 failed in 12s`. */
function lastLine({ results, tags, duration: milliseconds }: FinishedRun): string {
  const count = (is: (result: ImageResult) => boolean) => results.filter(is).length;
  const parts: [number, string][] = [
    [count(({ status }) => status === 'built'), 'built'],
    [count(({ status }) => status === 'retagged'), 're-tagged'],
    [count(({ status, image }) => status === 'untouched' && image.action === 'up-to-date'), 'up to date'],
    [count(({ status, image }) => status === 'untouched' && image.action !== 'up-to-date'), 'left alone'],
    [count(({ status }) => status === 'failed'), 'failed'],
    [count(({ status }) => status === 'blocked' || status === 'not-started'), 'not built'],
    [count(({ status }) => status === 'cancelled'), 'cancelled'],
  ];
  const told = parts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []));
  const moved = tags.length > 0 ? `, ${plural(tags.length, 'tag')} set` : '';
  return `${told.join(', ') || 'no images'}${moved} in ${duration(milliseconds)}`;
}

/** `reference@digest` of what is in the store now because of this run. */
export function madeIn(results: readonly ImageResult[]): readonly string[] {
  return results.flatMap((result) =>
    'content' in result && result.content !== undefined ? [`${result.image.reference}@${result.content.digest}`] : [],
  );
}
