import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { ExpansionBudget, expand } from '../dockerfile/expand.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Failure } from '../result.ts';
import { type EpochScope, epochStage } from './epoch-stage.ts';
import { epochOf, isSeconds, sourceDateEpoch, timeOfContext } from './source-date-epoch.ts';

/** What decides the values of the ARGs before the first FROM. */
export interface GlobalInputs {
  readonly dockerfile: Dockerfile;
  readonly platform: Platform;
  /** Of the machine that builds. */
  readonly buildPlatform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Name or number of the stage that is asked for; undefined for the last one, and TARGETSTAGE is its name then. */
  readonly targetStage: string | undefined;
  /** Shared with what else is expanded of this Dockerfile; one of its own if not given. */
  readonly budget?: ExpansionBudget | undefined;
}

/** Values by name. */
interface GlobalValues {
  readonly values: ReadonlyMap<string, string>;
  readonly failures: readonly Failure[];
  /** What is left to spend on this Dockerfile. */
  readonly budget: ExpansionBudget;
  /** Whether an argument says SOURCE_DATE_EPOCH. */
  readonly isGiven: boolean;
}

/**
 * ARGs above the first FROM, and those that are there by themselves: a build argument wins over the default, and
 * defaults may use what stands above them. One that cannot be expanded is among the failures, placed, and has no value.
 * SOURCE_DATE_EPOCH is a number here, or is not there: what names something else is settled before (`epochSource`).
 */
export function globalValues(inputs: GlobalInputs): GlobalValues {
  const declared = declaredValues(inputs);
  const values = new Map(declared.values);
  const failures = settleEpoch(values, { ...declared, dockerfile: inputs.dockerfile });
  return { ...declared, values, failures: [...declared.failures, ...failures] };
}

/** The same with SOURCE_DATE_EPOCH as it is written or given. */
export function declaredValues(inputs: GlobalInputs): GlobalValues {
  const { dockerfile, buildArgs, budget = new ExpansionBudget() } = inputs;
  const given = (name: string) => (Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined);
  const targetStage = inputs.targetStage ?? dockerfile.stages.at(-1)?.name;
  const values = new Map(Object.entries(platformArgs(inputs.platform, inputs.buildPlatform, targetStage)));
  // REGISTRY is cip's own: it names the project's registry whether a Dockerfile declares it or not (ADR 0023).
  for (const name of [...values.keys(), 'REGISTRY']) {
    const text = given(name);
    if (text !== undefined) values.set(name, text);
  }
  const failures: Failure[] = [];
  for (const { key, value, at } of dockerfile.globalArgs.flatMap(({ args }) => args)) {
    const text = given(key);
    if (text !== undefined) values.set(key, text);
    else if (value !== undefined) {
      const expanded = expand(value, values, { escapeCharacter: dockerfile.escape, budget });
      if (expanded.ok) values.set(key, expanded.value.value);
      else failures.push(...expanded.failure.map((failure) => ({ ...failure, at: failure.at ?? at })));
    }
  }
  const epoch = given(sourceDateEpoch);
  if (epoch !== undefined) values.set(sourceDateEpoch, epoch);
  return { values, failures, budget, isGiven: epoch !== undefined };
}

/** SOURCE_DATE_EPOCH as the arguments above the first FROM and those that are given say it; undefined for none. */
export function imageEpoch(inputs: GlobalInputs): number | undefined {
  return epochOf(inputs.buildArgs) ?? epochOf(Object.fromEntries(globalValues(inputs).values));
}

/** What says no time is no value: stages and RUN know nothing of it. What no source of a time is, is a failure. */
function settleEpoch(values: Map<string, string>, scope: EpochScope): readonly Failure[] {
  const text = values.get(sourceDateEpoch);
  if (text === undefined || isSeconds(text)) return [];
  values.delete(sourceDateEpoch);
  if (text === '' || text === timeOfContext) return [];
  const stage = epochStage(text, scope);
  return stage.ok ? [] : stage.failure;
}

/**
 * The value that a build argument gives an ARG of a stage; undefined where none is given. A SOURCE_DATE_EPOCH that is no number, an
 * empty one too, is given so that a default above the first FROM does not count: it has no value itself.
 */
export function givenArgument(buildArgs: Readonly<Record<string, string>>, name: string): string | undefined {
  if (!Object.hasOwn(buildArgs, name) || (name === sourceDateEpoch && !isSeconds(buildArgs[name]!))) return undefined;
  return buildArgs[name];
}

/** Global arguments that are there without an ARG above FROM. A stage must still declare them. */
export function platformArgs(
  target: Platform,
  build: Platform,
  targetStage: string | undefined,
): Readonly<Record<string, string>> {
  return { ...describe('TARGET', target), ...describe('BUILD', build), TARGETSTAGE: targetStage ?? 'default' };
}

function describe(prefix: string, platform: Platform): Record<string, string> {
  return {
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}OSVERSION`]: '',
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? '',
  };
}
