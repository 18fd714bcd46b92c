import { formatPlatform } from '../../oci/platform.ts';
import type { Failure } from '../../result.ts';
import { type FailureJson, failureJson } from './failure-json.ts';
import type { Action, Plan, PlannedImage, PlatformSource } from './plan.ts';

/** `cip.plan/v1`: a plan for programs. Durations in milliseconds; fields are only ever added. */
export interface PlanJson {
  readonly schema: 'cip.plan/v1';
  readonly command: Plan['command'];
  readonly registry: string;
  readonly images: readonly ImageJson[];
  readonly summary: Readonly<Record<SummaryName, number>>;
  readonly criticalPath: readonly string[];
  readonly criticalPathMs: number;
  readonly failures: readonly FailureJson[];
}

interface ImageJson {
  readonly name: string;
  readonly context: string;
  readonly version: string;
  readonly level: number;
  readonly implied: boolean;
  readonly action: Action;
  readonly platforms: readonly {
    readonly platform: string;
    readonly key: string;
    readonly previousKey?: string;
    /** Identity of the external images it is built on; absent where that is not known. */
    readonly bases?: string;
    /** The owners of its files were lost, or will be. */
    readonly ownersLost?: boolean;
    readonly source: PlatformSource['from'];
    readonly estimateMs?: number;
  }[];
  readonly dependsOn: readonly string[];
  readonly dependents: readonly string[];
  /** What the tag of the version names. */
  readonly digest?: string;
  /** `before`: the digest that the tag has, null where there is none. */
  readonly tags: readonly { readonly ref: string; readonly before?: string | null }[];
  readonly reasons: PlannedImage['reasons'];
}

const summaryNames = {
  build: 'build',
  retag: 'retag',
  tag: 'tag',
  'up-to-date': 'upToDate',
  unverified: 'unverified',
  'base-moved': 'baseMoved',
  'owners-lost': 'ownersLost',
  drift: 'drift',
  'skipped-platform': 'skipped',
} as const satisfies Record<Action, string>;
type SummaryName = (typeof summaryNames)[Action];

/** What `cip plan --json` prints; fields are only ever added under one `schema`. */
export function planJson(plan: Plan): PlanJson {
  return {
    schema: 'cip.plan/v1',
    command: plan.command,
    registry: plan.registry,
    images: plan.images.map(imageJson),
    summary: summaryOf(plan),
    criticalPath: plan.criticalPath.images,
    criticalPathMs: plan.criticalPath.duration,
    failures: plan.failures.map((failure) => failureJson(failure, imageOf(failure, plan))),
  };
}

function imageJson(image: PlannedImage): ImageJson {
  return {
    name: image.name,
    context: image.path,
    version: image.version,
    level: image.level,
    implied: image.implied,
    action: image.action,
    platforms: image.platforms.map(({ platform, key, previousKey, bases, ownersLost, source, estimate }) => ({
      platform: formatPlatform(platform),
      key,
      ...(previousKey !== undefined && { previousKey }),
      ...(bases !== undefined && { bases: bases.digest }),
      ...(ownersLost === true && { ownersLost }),
      source: source.from,
      ...(estimate !== undefined && { estimateMs: estimate }),
    })),
    dependsOn: image.dependsOn,
    dependents: image.dependents,
    ...(image.current && { digest: image.current.digest }),
    tags: image.tags.map(({ reference, before }) => ({ ref: reference, ...(before !== undefined && { before }) })),
    reasons: image.reasons,
  };
}

/** Of the one image whose obstacle it is. */
function imageOf({ message }: Failure, { images }: Plan): string | undefined {
  return images.find(({ obstacles = [] }) => obstacles.some((one) => one.message === message))?.name;
}

function summaryOf({ images }: Plan): Readonly<Record<SummaryName, number>> {
  const count = (action: Action) => images.filter((image) => image.action === action).length;
  const counts = Object.entries(summaryNames).map(([action, name]) => [name, count(action as Action)]);
  return Object.fromEntries(counts) as Record<SummaryName, number>;
}
