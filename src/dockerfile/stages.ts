import { assertNever, type Failure, failed, ok, type Result, type SourceSpan } from '../result.ts';
import type { Dockerfile, Instruction, Stage } from './dockerfile.ts';
import { suggestionFor } from './suggestion.ts';
import { stageNotBefore, unknownStage } from './value-failure.ts';

/** The stage of that name, whatever its case, or else of that index; the last one where nothing is asked for. */
export function findStage(dockerfile: Dockerfile, nameOrIndex?: string | undefined): Result<Stage> {
  const { stages } = dockerfile;
  const stage =
    nameOrIndex === undefined ? stages.at(-1) : (lastNamed(stages, nameOrIndex) ?? atIndex(stages, nameOrIndex));
  return stage ? ok(stage) : failed([noSuchStage([dockerfile], nameOrIndex ?? '')]);
}

/** One failure for all Dockerfiles that lack a stage. */
export function noSuchStage(dockerfiles: readonly Dockerfile[], wanted: string): Failure {
  const names = dockerfiles.flatMap(({ stages }) => stages.flatMap(({ name }) => name ?? []));
  const known = [...new Set(names)];
  const files = dockerfiles.map(({ file }) => file);
  return unknownStage(wanted, { files, suggestion: suggestionFor(wanted, known), known });
}

/** How one stage is used by another. */
type Use =
  /** As its base: only a name means a stage. */
  | 'from'
  /** By COPY: an index means a stage too. */
  | 'copy'
  | 'mount';

/** What a Dockerfile does not say of its stages by itself. */
export interface StageKnowledge {
  /** Fills in the variables of a FROM or a `--from`; undefined means that it cannot, and that the value names no stage. */
  readonly resolve: (value: string) => string | undefined;
  /** The triggers of the image that a stage starts from, as far as they are known. */
  readonly handedOn?: (stage: Stage) => readonly Instruction[];
}

/**
 * The stages that building `target` needs, in the order of the file, `target` last. Stages that are not needed are not
 * looked at. Fails where a stage is used that does not stand above.
 */
export function stagesNeededBy(
  dockerfile: Dockerfile,
  target: Stage,
  knowledge: StageKnowledge,
): Result<readonly Stage[]> {
  const failures: Failure[] = [];
  const needed = new Set([target.index]);
  // A stage needs only stages above it, so one pass from below finds them all.
  for (let index = target.index; index >= 0; index--) {
    const stage = dockerfile.stages[index];
    if (!stage || !needed.has(index)) continue;
    for (const { value, use, at } of usesOf(stage, dockerfile, knowledge)) {
      const found = stageMeant(dockerfile.stages, stage, { name: knowledge.resolve(value), use, at });
      if (!found.ok) failures.push(found.failure);
      else if (found.value) needed.add(found.value.index);
    }
  }
  return failures.length > 0 ? failed(failures) : ok(dockerfile.stages.filter(({ index }) => needed.has(index)));
}

/** A name that may be that of a stage. */
export interface WrittenUse {
  /** As written, with its variables. */
  readonly value: string;
  readonly use: Use;
  /** The name alone. */
  readonly at: SourceSpan;
}

/** What a stage itself names that may be other stages, in the order written. */
export function usesOfStages({ from, instructions }: Stage): readonly WrittenUse[] {
  return [{ value: from.image, use: 'from', at: from.imageAt }, ...instructions.flatMap(usesOfInstruction)];
}

/** The instructions that run where another stage, or another Dockerfile, starts from this one. */
export function triggersIn({ instructions }: Stage): readonly Instruction[] {
  return instructions.flatMap((one) => (one.keyword === 'ONBUILD' ? [one.instruction] : []));
}

function usesOf(stage: Stage, dockerfile: Dockerfile, { resolve, handedOn }: StageKnowledge): WrittenUse[] {
  const [base, ...others] = usesOfStages(stage) as readonly [WrittenUse, ...WrittenUse[]];
  const parent = stageMeant(dockerfile.stages, stage, { name: resolve(base.value), use: 'from', at: base.at });
  // The triggers of what it starts from run in this one.
  const triggers = parent.ok && parent.value ? triggersIn(parent.value) : (handedOn?.(stage) ?? []);
  return [base, ...triggers.flatMap(usesOfInstruction), ...others];
}

/** The stages, or images, that an instruction takes files from, as they are written. */
export function usesOfInstruction(instruction: Instruction): readonly WrittenUse[] {
  switch (instruction.keyword) {
    case 'COPY':
      return instruction.from ? [{ ...instruction.from, use: 'copy' }] : [];
    case 'RUN':
      return instruction.mounts.flatMap(({ from }) => (from ? [{ ...from, use: 'mount' as const }] : []));
    case 'ADD':
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'ENV':
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'ONBUILD':
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

/** The stage that a name means in `user`; undefined where it means an image. */
function stageMeant(
  stages: readonly Stage[],
  user: Stage,
  { name, use, at }: { readonly name: string | undefined; readonly use: Use; readonly at: SourceSpan },
): Result<Stage | undefined, Failure> {
  if (name === undefined) return ok(undefined);
  const above = stages.slice(0, user.index);
  if (use === 'copy' && /^\d+$/.test(name)) {
    const stage = atIndex(above, name);
    return stage ? ok(stage) : failed(stageNotBefore(name, at));
  }
  const stage = lastNamed(above, name);
  // FROM looks no further: a name that only a later stage has is an image.
  if (stage || use === 'from' || !lastNamed(stages, name)) return ok(stage);
  return failed(stageNotBefore(name, at));
}

function lastNamed(stages: readonly Stage[], name: string): Stage | undefined {
  const folded = name.toLowerCase();
  return stages.findLast((stage) => stage.name === folded);
}

function atIndex(stages: readonly Stage[], index: string): Stage | undefined {
  return /^\d+$/.test(index) ? stages[Number(index)] : undefined;
}
