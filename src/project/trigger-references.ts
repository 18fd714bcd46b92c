import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import { triggersIn } from '../dockerfile/stages.ts';
import type { Failure } from '../result.ts';
import { bareRegistry, type ContextReferences, type ReferenceOptions, scopesOf } from './context-references.ts';
import { expandIn, type GlobalScope } from './global-scope.ts';
import type { Context, Project } from './project.ts';
import { type ImageReference, referencesLeftTo } from './references.ts';
import { SortedReferences } from './sorted-references.ts';

/** A context whose own references are known, among the others of its project. */
export interface ReadContext {
  readonly context: Context;
  /** What its own references came to. */
  readonly own: ContextReferences;
  readonly project: Project;
  readonly options: ReferenceOptions;
}

/**
 * What the triggers that run in the stages of a context name and only this context can tell, with its variables and its
 * stages: `ONBUILD COPY --from=$X` of a parent where X is an ARG of the child.
 */
export function triggerReferencesOf(read: ReadContext): ContextReferences {
  const sorted = new SortedReferences(read.context, read.project);
  const failures: Failure[] = [];
  for (const [stage, reference, failure] of namedInTriggers(read)) {
    const at = stage.from.imageAt;
    if (failure !== undefined) failures.push({ ...failure, at });
    if (reference !== undefined) sorted.add(reference, at);
  }
  return { ...sorted, failures: [...failures, ...sorted.failures] };
}

type Named = readonly [stage: Stage, reference: ImageReference | undefined, failure?: Failure];

/** Once for each image that a trigger names in a stage, however many platforms say so. */
function namedInTriggers(read: ReadContext): readonly Named[] {
  const { context, options } = read;
  const scopes = scopesOf(context, options);
  if (!scopes.ok) return [];
  const registries = (options.registries ?? []).map(bareRegistry);
  return context.dockerfile.stages.flatMap((stage) => {
    const found = new Map<string, Named>();
    for (const scope of scopes.value) {
      for (const { home, base } of basesOf(stage, scope, read)) {
        const left = referencesLeftTo(triggersIn(base), { home, scope, stage: stage.index }, registries);
        for (const one of left.references) found.set(`${one.at.offset} ${one.expanded}`, [stage, one]);
        for (const one of left.failures) found.set(one.message, [stage, undefined, one]);
      }
    }
    return [...found.values()];
  });
}

/** The stage whose triggers run in a stage, and what its file has for values: a stage above, or the last one of a parent. */
function basesOf(
  stage: Stage,
  scope: GlobalScope,
  { own, project, options }: ReadContext,
): readonly { readonly home: GlobalScope; readonly base: Stage }[] {
  const above = stageAbove(stage, scope);
  if (above !== undefined) return [{ home: scope, base: above }];
  const parents = own.edges.filter((edge) => edge.kind === 'from' && edge.stage === stage.index);
  return [...new Set(parents.map(({ to }) => to))].flatMap((name) => {
    const parent = project.contexts.get(name)!;
    const base = lastStage(parent.dockerfile);
    const homes = scopesOf(parent, options);
    const [home] = homes.ok ? homes.value : [];
    return home === undefined || triggersIn(base).length === 0 ? [] : [{ home, base }];
  });
}

function stageAbove({ index, from }: Stage, scope: GlobalScope): Stage | undefined {
  const word = expandIn(scope, from.image);
  const name = word.ok ? word.value.value.toLowerCase() : undefined;
  return scope.dockerfile.stages.findLast((other) => other.index < index && other.name === name && name !== undefined);
}

function lastStage({ stages }: Dockerfile): Stage {
  return stages.at(-1)!;
}
