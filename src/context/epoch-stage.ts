import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import { type ExpansionBudget, expand } from '../dockerfile/expand.ts';
import { isRemoteSource } from '../dockerfile/remote-source.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { invalidEpoch, invalidSourceDateEpoch } from './failure.ts';
import { sourceDateEpoch } from './source-date-epoch.ts';

/** The values above the first FROM. */
export interface EpochScope {
  readonly dockerfile: Dockerfile;
  readonly values: ReadonlyMap<string, string>;
  readonly budget: ExpansionBudget;
  /** Whether a build argument says it, and not the Dockerfile. */
  readonly isGiven: boolean;
}

/**
 * The stage that SOURCE_DATE_EPOCH names, whose time is that of what it fetches: FROM scratch, ARGs, and one ADD of one address, as BuildKit
 * has it. Fails with `invalid-epoch` at what is none, or at the ARG that names none, and with `invalid-source-date-epoch` for an argument that names none.
 */
export function epochStage(name: string, scope: EpochScope): Result<Stage, readonly [Failure]> {
  const { stages, globalArgs } = scope.dockerfile;
  const stage = stages.find((one) => one.name === name.toLowerCase());
  if (stage === undefined && scope.isGiven) return failed([invalidSourceDateEpoch(name)]);
  if (stage === undefined) {
    const { at } = globalArgs.flatMap(({ args }) => args).findLast(({ key }) => key === sourceDateEpoch) ?? {};
    const found = 'which is no number of seconds since 1970, not the word context, and no stage or named context';
    return failed([invalidEpoch(name, found, at)]);
  }
  const wrong = whyNoTime(stage, scope);
  return wrong === undefined ? ok(stage) : failed([invalidEpoch(name, wrong, stage.from.at)]);
}

/** Completes `SOURCE_DATE_EPOCH is "src", …`. */
function whyNoTime({ from, instructions }: Stage, { dockerfile, values, budget }: EpochScope): string | undefined {
  const base = expand(from.image, values, { escapeCharacter: dockerfile.escape, budget });
  if (!base.ok || base.value.value !== 'scratch') return 'a stage that is not FROM scratch';
  const other = instructions.find(({ keyword }) => keyword !== 'ARG' && keyword !== 'ADD');
  if (other !== undefined) return `a stage that has more than ARGs and one ADD: ${other.keyword}`;
  const adds = instructions.filter((one) => one.keyword === 'ADD');
  const sources = adds.flatMap((add) => add.sources);
  if (adds.length !== 1 || sources.length !== 1 || adds[0]!.heredocs.length > 0) {
    return 'a stage that does not have one ADD of one address';
  }
  // What variables stand for is told when the address is asked for.
  return isRemoteSource(sources[0]!) || sources[0]!.includes('$') ? undefined : noAddress;
}

/** The same, of a source that is no address. */
export const noAddress = 'a stage whose ADD fetches nothing';
