import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { expand } from '../dockerfile/expand.ts';
import { triggersIn, usesOfInstruction, usesOfStages } from '../dockerfile/stages.ts';
import type { Platform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import { globalValues } from './global-values.ts';
import { namedContext } from './named-contexts.ts';

/** One Dockerfile and the platforms that it is built for. */
interface UsedContextsInputs {
  readonly dockerfile: Dockerfile;
  readonly target?: string | undefined;
  readonly platforms: readonly Platform[];
  readonly buildPlatform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/**
 * Of the names of contexts those that some line of the Dockerfile names, for whichever platform; with what the Dockerfile names,
 * as far as it can be told without an image.
 */
export function usedContexts(
  names: readonly string[],
  { platforms, ...inputs }: UsedContextsInputs,
): { readonly used: ReadonlySet<string>; readonly named: readonly string[] } {
  const { stages } = inputs.dockerfile;
  const words = stages.flatMap((stage) => [
    ...(stage.name === undefined ? [] : [stage.name]),
    ...[...usesOfStages(stage), ...triggersIn(stage).flatMap(usesOfInstruction)].map(({ value }) => value),
  ]);
  const given = names.map((name) => name.split('::')[0]!);
  const named = new Set<string>();
  for (const platform of platforms) {
    const { values, budget } = globalValues({ ...inputs, platform, targetStage: inputs.target });
    const rules = { escapeCharacter: inputs.dockerfile.escape, budget };
    for (const word of words) {
      const filled = expand(word, values, rules);
      if (filled.ok) named.add(filled.value.value);
    }
  }
  const bare = Object.fromEntries(given.map((name) => [name, true]));
  const anywhere: Platform = { os: 'linux', architecture: '' };
  const hit = new Set([...named].flatMap((word) => namedContext(bare, word, anywhere)?.name ?? []));
  const used = names.filter((_name, index) => hit.has(given[index]!));
  return { used: new Set(used), named: [...named].filter((word) => parseReference(word).ok) };
}
