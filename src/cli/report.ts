import type { Digest } from '../oci/digest.ts';
import { failureJson } from '../orchestrator/plan/failure-json.ts';
import { isUpload, type Plan } from '../orchestrator/plan/plan.ts';
import type { MovedTag } from '../orchestrator/publish/moved-tag.ts';
import { type ImageResult, isComplete } from '../orchestrator/run/run-report.ts';
import type { ImageName } from '../project/image-name.ts';
import { firstOf, nameList } from '../project/name-list.ts';
import { type Failure, failuresOf } from '../result.ts';
import { type ExitStatus, exitStatus, statusOfRun } from './exit-codes.ts';
import { duration } from './render/duration.ts';
import { plural } from './render/plural.ts';
import type { FailureGroup } from './report-failure.ts';
import { withSharedFailures } from './shared-failures.ts';
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
  /** Those that were moved. */
  readonly tags: readonly MovedTag[];
  /** To publish: what images are in the registry. */
  readonly digests?: ReadonlyMap<ImageName, Digest> | undefined;
  /** A signal came before what is there was made visible. */
  readonly isStopped?: boolean | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

/** Tells how it ended: the result on stdout, failures and a last line on stderr. Returns the exit status. */
export async function conclude(run: FinishedRun, json: boolean, world: World): Promise<ExitStatus> {
  await world.renderer.close();
  const groups = failureGroups(run, world);
  world.reportGroups(groups);
  if (run.failures.length > 0) world.report(run.failures);
  const unbuilt = isUnpublished(run) ? '' : notBuilt(run.results);
  if (unbuilt !== '') world.complain(unbuilt);
  world.tell(`${lastLine(run)}\n`);
  // What a signal came too late for is whole all the same.
  const stop = world.signal.aborted && !isWhole(run) ? (failuresOf(world.signal.reason) ?? []) : [];
  if (json) world.print(`${JSON.stringify(reportDocument(run, world.surroundings.cwd, stop), null, 2)}\n`);
  else world.print(run.made.map((line) => `${line}\n`).join(''));
  const failures = [...groups.flatMap((group) => group.failures), ...run.failures];
  return failures.length === 0 && !isWhole(run) ? exitStatus.failed : statusOfRun(failures);
}

/** Whether every image is as the plan wants it, and visible where it is to be. */
function isWhole(run: FinishedRun): boolean {
  return isComplete(run) && run.failures.length === 0 && run.isStopped !== true;
}

/**
 * `cip.report/v1`. `failures` holds those of images, then those of no image in particular, then `stop`: why the run was
 * stopped, if it was.
 */
export function reportDocument(run: FinishedRun, cwd?: string, stop: readonly Failure[] = []) {
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
      ...digestOf(result, run),
      ...('duration' in result && { durationMs: Math.round(result.duration) }),
      ...('by' in result && { by: result.by }),
      ...('failures' in result && { failures: result.failures.map((one) => failureJson(one, undefined, cwd)) }),
    })),
    complete: isWhole(run),
    made: run.made,
    tagsMoved: run.tags.length,
    tags: run.tags,
    failures: [
      ...run.results.flatMap((result) =>
        'failures' in result ? result.failures.map((one) => failureJson(one, result.image.name, cwd)) : [],
      ),
      ...[...run.failures, ...stop].map((one) => failureJson(one, undefined, cwd)),
    ],
    durationMs: Math.round(run.duration),
  };
}

/** Of the image as it is where it was to be: in the registry, else in the store. Absent where it is not there. */
function digestOf(result: ImageResult, { digests }: FinishedRun): { readonly digest?: Digest } {
  const { name, current } = result.image;
  const stored = 'content' in result && result.content ? result.content.digest : current?.digest;
  const digest = digests === undefined ? stored : digests.get(name);
  return digest === undefined ? {} : { digest };
}

function failureGroups({ results }: FinishedRun, world: World): readonly FailureGroup[] {
  const images = results.flatMap((result) => {
    if (result.status !== 'failed') return [];
    const log = world.logs.pathFor(result.image.name);
    return [
      {
        image: result.image.name,
        title: `${result.image.name} ${result.image.version}`,
        failures: result.failures,
        notes: log === undefined ? [] : [`full log: ${log}`],
      },
    ];
  });
  return withSharedFailures(images, world.storeDirectory);
}

/** `web was skipped because base failed`, and what a run that was stopped did not come to. */
function notBuilt(results: readonly ImageResult[]): string {
  const skipped = results.flatMap((result) =>
    result.status === 'blocked' ? [`${result.image.name} was skipped because ${result.by} failed`] : [],
  );
  const unfinished = results.filter(({ status }) => status === 'not-started' || status === 'cancelled');
  const names = unfinished.map(({ image }) => image.name);
  const words = [...firstOf(skipped), ...(names.length === 0 ? [] : [`not finished: ${nameList(names)}`])];
  return words.length === 0 ? '' : `\n${words.join('\n')}\n`;
}

/** Whether this was to publish and, as far as anybody can see, did nothing. */
function isUnpublished(run: FinishedRun): boolean {
  if (run.plan.command !== 'publish' || run.tags.length > 0) return false;
  return !isWhole(run);
}

function lastLine(run: FinishedRun): string {
  return isUnpublished(run) ? unpublishedLine(run) : countsLine(run);
}

/** `Nothing was published: no tags were set. 3 images are uploaded and ready. Failed: compile. Skipped: cli.` */
function unpublishedLine({ results }: FinishedRun): string {
  const named = (title: string, is: (result: ImageResult) => boolean) => {
    const names = results.filter(is).map(({ image }) => image.name);
    return names.length === 0 ? [] : [`${title}: ${nameList(names)}.`];
  };
  const uploaded = results.filter(({ status }) => status === 'built' || status === 'retagged').length;
  const isLost = results.some(({ status }) => status === 'unsent');
  const wanted = results.filter(({ status }) => status !== 'untouched').length;
  const be = uploaded === 1 ? 'is' : 'are';
  const ready = isLost
    ? [`${uploaded} of ${plural(wanted, 'image')} ${be} uploaded. Run the same command again to continue.`]
    : uploaded > 0
      ? [`${plural(uploaded, 'image')} ${be} uploaded and ready.`]
      : [];
  // Which of them a lost registry kept from being started is a matter of chance.
  const skipped: readonly ImageResult['status'][] = isLost ? [] : ['blocked', 'not-started', 'cancelled'];
  return [
    'Nothing was published: no tags were set.',
    ...ready,
    ...named('Failed', ({ status }) => status === 'failed'),
    ...named('Skipped', ({ status }) => skipped.includes(status)),
  ].join(' ');
}

/** `2 built, 1 re-tagged, 3 up to date, 5 tags set in 12s`. */
function countsLine({ plan, results, tags, duration: milliseconds }: FinishedRun): string {
  const count = (is: (result: ImageResult) => boolean) => results.filter(is).length;
  const isTagged = ({ status, image }: ImageResult) =>
    status === 'tagged' || (status === 'untouched' && image.action === 'tag');
  const isUpToDate = ({ status, image }: ImageResult) => status === 'untouched' && image.action === 'up-to-date';
  const isSent = ({ status, image }: ImageResult) => status === 'retagged' && isUpload(image, plan.command);
  const parts: [number, string][] = [
    [count(({ status }) => status === 'built'), 'built'],
    [count(isSent), 'uploaded'],
    [count((one) => one.status === 'retagged' && !isSent(one)), 're-tagged'],
    [count(isTagged), 'tagged'],
    [count(isUpToDate), 'up to date'],
    [count((one) => one.status === 'untouched' && !isTagged(one) && !isUpToDate(one)), 'left alone'],
    [count(({ status }) => status === 'failed'), 'failed'],
    [count(({ status }) => status === 'blocked' || status === 'not-started'), 'not built'],
    [count(({ status }) => status === 'cancelled'), 'cancelled'],
  ];
  const told = parts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []));
  const moved =
    tags.length > 0 ? `, ${plural(tags.length, 'tag')} set` : plan.command === 'publish' ? ', no tags set' : '';
  return `${told.join(', ') || 'no images'}${moved} in ${duration(milliseconds)}`;
}

/** `reference@digest` of what is in the store now because of this run. */
export function madeIn(results: readonly ImageResult[]): readonly string[] {
  return results.flatMap((result) =>
    'content' in result && result.content !== undefined ? [`${result.image.reference}@${result.content.digest}`] : [],
  );
}
