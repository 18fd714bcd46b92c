import type { Dockerfile, Instruction } from '../dockerfile/dockerfile.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { assertNever, type Failure, failed, ok, type Result, type SourceSpan } from '../result.ts';
import { expandIn, type GlobalScope, platformVariables } from './global-scope.ts';
import type { PlacedText } from './placed-text.ts';
import { invalidReference, slashMissing, unresolvableReference } from './reference-failure.ts';

/** Where in a Dockerfile a reference to an image was found. */
export type ReferenceKind = 'from' | 'copy-from' | 'mount-from' | 'onbuild';

/** A reference to an image, as written and as resolved. Names and numbers of stages are none. */
export interface ImageReference {
  readonly kind: ReferenceKind;
  /** The stage it is in, counted from 0. */
  readonly stage: number;
  /** As written: `${REGISTRY}/base:1.2.3`. */
  readonly text: string;
  readonly at: SourceSpan;
  /** With all variables expanded; what stands for the registry is in it. */
  readonly expanded: string;
  /** Names of the variables that were used. */
  readonly variables: readonly string[];
  readonly target: ReferenceTarget;
  /** What it was expanded in. */
  readonly scope: GlobalScope;
}

/** An image of the registry that this project is published to, or any other. */
type ReferenceTarget =
  | {
      readonly where: 'project';
      /** Not necessarily a context. */
      readonly name: string;
      readonly tag?: string | undefined;
      readonly digest?: string | undefined;
      /** Whether it says REGISTRY, and not the name of a registry. */
      readonly byVariable: boolean;
    }
  | { readonly where: 'elsewhere' };

/** Stands for the value of REGISTRY, which no Dockerfile can contain by chance: RFC 6761 reserves the domain. */
export const anyRegistry = 'registry.cip.invalid';

/**
 * All references of a Dockerfile, in the order written. `scopes` holds one scope of it per platform, at least one; a
 * reference that resolves to several images, since it uses TARGETARCH, is there once for each. `registries` are names of registries
 * that mean the same as REGISTRY.
 */
export function imageReferences(
  scopes: readonly GlobalScope[],
  registries: readonly string[],
): { readonly references: readonly ImageReference[]; readonly failures: readonly Failure[] } {
  const references: ImageReference[] = [];
  const failures: Failure[] = [];
  for (const written of writtenReferences((scopes[0] as GlobalScope).dockerfile)) {
    const seen = new Set<string>();
    for (const scope of scopes) {
      const resolved = resolve(written, scope, registries);
      if (!resolved.ok) {
        failures.push(...resolved.failure);
        break;
      }
      if (resolved.value !== undefined && !seen.has(resolved.value.expanded)) {
        seen.add(resolved.value.expanded);
        references.push(resolved.value);
      }
    }
  }
  return { references, failures };
}

/**
 * What triggers name that run in a stage of the Dockerfile of `scope`: its variables and stages count, wherever the
 * triggers are written. What cannot be resolved is left out: the build fails of it.
 */
export function referencesOfTriggers(
  triggers: readonly Instruction[],
  stage: number,
  scope: GlobalScope,
): readonly ImageReference[] {
  return triggers
    .flatMap((trigger) => inInstruction(trigger, stage))
    .flatMap((written) => {
      const resolved = resolve(written, scope, []);
      return resolved.ok && resolved.value !== undefined ? [resolved.value] : [];
    });
}

/** Where triggers are written, and where they run. */
export interface TriggerPlaces {
  readonly home: GlobalScope;
  readonly scope: GlobalScope;
  /** Of the Dockerfile of `scope`, counted from 0. */
  readonly stage: number;
}

/**
 * Of the triggers that run in a stage, what only that stage can tell: names that may be those of its stages, and
 * variables that `home` does not have. Resolved in `scope`.
 */
export function referencesLeftTo(
  triggers: readonly Instruction[],
  { home, scope, stage }: TriggerPlaces,
  registries: readonly string[],
): { readonly references: readonly ImageReference[]; readonly failures: readonly Failure[] } {
  const left = triggers.flatMap((trigger) => inInstruction(trigger, stage)).filter((written) => isLeft(written, home));
  const results = left.map((written) => resolve(written, scope, registries));
  return {
    references: results.flatMap((result) => (result.ok && result.value !== undefined ? [result.value] : [])),
    failures: results.flatMap((result) => (result.ok ? [] : result.failure)),
  };
}

/** Whether a reference of a trigger says nothing where it is written: it does where the trigger runs. */
function isLeft({ text }: WrittenReference, scope: GlobalScope): boolean {
  const word = expandIn(scope, text);
  if (!word.ok) return false;
  if (word.value.unset.some((name) => isMissed(name, text, scope))) return true;
  return /^[a-z0-9][a-z0-9-_.]*$/i.test(word.value.value);
}

interface WrittenReference extends PlacedText {
  readonly kind: ReferenceKind;
  readonly stage: number;
}

function writtenReferences(dockerfile: Dockerfile): readonly WrittenReference[] {
  return dockerfile.stages.flatMap((stage) => [
    { kind: 'from' as const, stage: stage.index, text: stage.from.image, at: stage.from.imageAt },
    ...stage.instructions.flatMap((instruction) => inInstruction(instruction, stage.index)),
  ]);
}

function inInstruction(instruction: Instruction, stage: number): readonly WrittenReference[] {
  switch (instruction.keyword) {
    case 'COPY': {
      const { from } = instruction;
      return from === undefined ? [] : [{ kind: 'copy-from', stage, text: from.value, at: from.at }];
    }
    case 'RUN':
      return instruction.mounts.flatMap(({ from }) =>
        from === undefined ? [] : [{ kind: 'mount-from', stage, text: from.value, at: from.at }],
      );
    case 'ONBUILD':
      return inInstruction(instruction.instruction, stage).map((reference) => ({ ...reference, kind: 'onbuild' }));
    case 'ADD':
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'ENV':
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'SHELL':
    case 'STOPSIGNAL':
    case 'USER':
    case 'VOLUME':
    case 'WORKDIR':
      return [];
    default:
      return assertNever(instruction);
  }
}

/** Undefined for what is no reference: a stage, or `scratch`. */
function resolve(
  written: WrittenReference,
  scope: GlobalScope,
  registries: readonly string[],
): Result<ImageReference | undefined> {
  const { dockerfile } = scope;
  if (written.kind === 'onbuild' && isLeft(written, scope)) return ok(undefined);
  const word = expandIn(scope, written.text);
  if (!word.ok) return failed(word.failure.map((failure) => ({ ...failure, at: failure.at ?? written.at })));
  const { value: expanded, used } = word.value;
  const missing = word.value.unset.filter((name) => isMissed(name, written.text, scope));
  if (missing.length > 0) {
    const meant = suggestionFor(missing[0]!, [...scope.values.keys(), ...platformVariables]);
    return failed([unresolvableReference(written, missing, { meant, inStage: isStageArgument(dockerfile, missing) })]);
  }
  if (isStage(expanded, written, dockerfile) || expanded === 'scratch') return ok(undefined);
  if (expanded.startsWith(anyRegistry) && expanded[anyRegistry.length] !== '/') {
    return failed([slashMissing({ ...written, expanded: shown(expanded) })]);
  }
  const parsed = parseReference(expanded);
  if (!parsed.ok) {
    const filled = { ...written, expanded: shown(expanded) };
    return failed(
      parsed.failure.map((failure) => invalidReference(filled, { ...failure, message: shown(failure.message) })),
    );
  }
  return ok({ ...written, expanded, variables: used, target: targetOf(expanded, parsed.value, registries), scope });
}

/** Whether a variable without a value is used without a default, and not only in a default that is not needed. */
function isMissed(name: string, text: string, scope: GlobalScope): boolean {
  const escaped = name.replace(/[^\p{L}\p{N}_]/u, '\\$&');
  const isBare = new RegExp(`\\$(?:${escaped}(?![\\p{L}\\p{N}_])|\\{${escaped}(?!:?[-+]))`, 'u').test(text);
  const [without, withValue] = [scope, { ...scope, values: new Map(scope.values).set(name, 'value') }].map((each) => {
    const expanded = expandIn(each, text);
    return expanded.ok ? expanded.value.value : undefined;
  });
  return isBare && without !== withValue;
}

/** FROM sees the stages above it; `--from` may also give a number, and a stage below is the engine's to refuse. */
function isStage(expanded: string, { kind, stage }: WrittenReference, dockerfile: Dockerfile): boolean {
  const name = expanded.toLowerCase();
  const above = kind === 'from' ? dockerfile.stages.slice(0, stage) : dockerfile.stages;
  return above.some((other) => other.name === name) || (kind !== 'from' && /^\d+$/.test(expanded));
}

/** `me/base` of a project that is published to `docker.io/me` is an image of it, as `docker.io/me/base` is. */
function targetOf(
  expanded: string,
  { registry, repository }: Reference,
  registries: readonly string[],
): ReferenceTarget {
  const full = `${registry}/${repository}`;
  const found = [anyRegistry, ...registries].find((candidate) => full.startsWith(`${candidate}/`));
  const name = found === undefined ? '' : full.slice(found.length + 1);
  if (name === '' || name.includes('/')) return { where: 'elsewhere' };
  // As written, not as understood: a tag that is left out stays so.
  const [, tag, digest] = /(?::([^/:@]+))?(?:@(.+))?$/.exec(expanded) ?? [];
  return { where: 'project', name, tag, digest, byVariable: found === anyRegistry };
}

/** For people, who do not know what stands for the registry. */
export function shown(expanded: string): string {
  return expanded.replaceAll(anyRegistry, '${REGISTRY}');
}

/** Whether one of the variables is an ARG of some stage, where no reference sees it. */
function isStageArgument(dockerfile: Dockerfile, names: readonly string[]): boolean {
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions);
  return instructions.some((each) => each.keyword === 'ARG' && each.args.some(({ key }) => names.includes(key)));
}
