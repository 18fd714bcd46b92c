import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { ExpansionBudget, expand } from '../dockerfile/expand.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Failure } from '../result.ts';

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

/**
 * ARGs above the first FROM, and those that are there by themselves: a build argument wins over the default, and
 * defaults may use what stands above them. One that cannot be expanded is among the failures, placed, and has no value.
 */
export function globalValues(inputs: GlobalInputs): {
  readonly values: ReadonlyMap<string, string>;
  readonly failures: readonly Failure[];
  /** What is left to spend on this Dockerfile. */
  readonly budget: ExpansionBudget;
} {
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
  return { values, failures, budget };
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
