/**
 * A Dockerfile, a platform and arguments to a graph of steps and the configuration of an image. Pure: images that the
 * Dockerfile stands on are given, and those that are not are asked for. Only stages that the target needs are looked at.
 */

import type { BaseForOther } from '../../context/base-for-other.ts';
import { withReplacedStages } from '../../context/named-contexts.ts';
import { epochOf, timeText } from '../../context/source-date-epoch.ts';
import type { Dockerfile, Instruction, Stage } from '../../dockerfile/dockerfile.ts';
import { ExpansionBudget, type ExpansionRules, expand } from '../../dockerfile/expand.ts';
import { findStage, stagesNeededBy } from '../../dockerfile/stages.ts';
import { parseTrigger } from '../../dockerfile/trigger.ts';
import { stageNotBefore } from '../../dockerfile/value-failure.ts';
import type { ContainerConfig } from '../../oci/image-config.ts';
import { formatPlatform, normalizePlatform, type Platform, parsePlatform } from '../../oci/platform.ts';
import { platformRank } from '../../oci/platform-match.ts';
import { parseReference } from '../../oci/reference.ts';
import { assertNever, type Failure, failed, ok, type Reason, type Result, type SourceSpan } from '../../result.ts';
import type { Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { globalArgs } from './arg.ts';
import { stageNotYetDefined } from './failure.ts';
import { type ForeignTrigger, ofTrigger, uncountedImage } from './foreign-trigger.ts';
import { lowerFrom } from './from.ts';
import { withLayers } from './layer-groups.ts';
import { type ImageRequest, imageKey, type Lowered, type LowerInput, type ResolvedImage } from './lower-input.ts';
import { InstructionContext, type LoweringContext } from './lowering-context.ts';
import { lowerInstruction } from './lowerings.ts';
import { namedBase } from './named-base.ts';
import { type BaseMachine, type StageState, withEntries } from './stage-state.ts';
import { step } from './step.ts';
import { unneededFailures } from './unneeded-stages.ts';
import { writtenConfig } from './written-config.ts';

/** Pure. Only the stages that the target needs are looked at; fails with all that is wrong in them. */
export function lower(input: LowerInput): Result<Lowered> {
  const target = findStage(input.dockerfile, input.target);
  if (!target.ok) return target;
  const lowering = new Lowering(input, target.value);
  lowering.stagesBelow(target.value);
  const state = lowering.stage(target.value.index);
  lowering.fail(...unneededFailures(lowering, lowering.stages()));
  if (lowering.failures.length > 0) return failed(lowering.failures);
  if (!state) return ok({ missing: [...lowering.missing.values()] });
  const { author } = state;
  const { vertex, history } = withLayers(state, input.layers);
  // Of what the image is for, whatever FROM --platform says: an index lists it so.
  const { platform } = input;
  return ok({
    definition: { target: vertex },
    config: {
      created: timeText(lowering.mtime),
      ...(author === undefined ? {} : { author }),
      architecture: platform.architecture,
      os: platform.os,
      ...machineOf(platform, state.base),
      config: writtenConfig(labelled(state.config, input.labels)),
      history,
    },
    warnings: lowering.warnings,
    basesForOthers: lowering.basesForOthers,
    baseAt: state.baseAt,
    stages: lowering.stages(),
  });
}

/** As BuildKit has it: no instruction, and so no entry of the history. */
function labelled(config: ContainerConfig, labels: LowerInput['labels'] = {}): ContainerConfig {
  const given = Object.entries(labels);
  return given.length === 0 ? config : { ...config, Labels: withEntries({ ...config.Labels }, given) };
}

/** What of the machine is not said by system and architecture; a base for the same ones may say more of it than was asked for. */
function machineOf(
  { os, architecture, variant }: Platform,
  base: BaseMachine | undefined,
): Pick<BaseMachine, 'variant' | 'os.version' | 'os.features'> {
  const isForSame = base?.os === os && base.architecture === architecture;
  const { variant: own } = normalizePlatform({ os, architecture, variant: variant ?? (isForSame ? base.variant : '') });
  const version = isForSame ? base['os.version'] : undefined;
  const features = base?.['os.features'];
  return {
    ...(own === undefined ? {} : { variant: own }),
    ...(version ? { 'os.version': version } : {}),
    ...(features && features.length > 0 ? { 'os.features': features } : {}),
  };
}

/** Of what is seen before variables are filled in, or by those above the first FROM alone. */
const certainReasons: ReadonlySet<Reason> = new Set([
  'not-supported',
  'stage-not-yet-defined',
  'stage-not-before',
  'invalid-epoch',
]);

class Lowering implements LoweringContext {
  readonly input: LowerInput;
  readonly dockerfile: Dockerfile;
  readonly failures: Failure[] = [];
  readonly warnings: string[] = [];
  readonly basesForOthers: BaseForOther[] = [];
  readonly missing = new Map<string, ImageRequest>();
  readonly expansion: Required<ExpansionRules>;
  readonly globals: ReadonlyMap<string, string>;
  readonly #stages = new Map<number, StageState | undefined>();
  readonly #told = new Set<string>();

  constructor(input: LowerInput, target: Stage) {
    this.input = input;
    this.dockerfile = input.dockerfile;
    this.expansion = { escapeCharacter: input.dockerfile.escape, budget: new ExpansionBudget() };
    this.globals = globalArgs(this, input.target === undefined ? undefined : (target.name ?? `${target.index}`));
    // The default of an ARG says it where nothing else does.
    this.input = { ...input, epoch: input.epoch ?? epochOf(Object.fromEntries(this.globals)) };
    this.dockerfile = withReplacedStages(input.dockerfile, input.contexts ?? {}, ({ from }) =>
      from.platform === undefined ? input.platform : this.#platform(from.platform),
    );
  }

  #platform(written: string): Platform | undefined {
    const filled = expand(written, this.globals, this.expansion);
    const platform = filled.ok ? parsePlatform(filled.value.value) : undefined;
    return platform?.ok ? platform.value : undefined;
  }

  get mtime(): number {
    return this.input.epoch ?? 0;
  }

  fail(...failures: readonly Failure[]): void {
    this.failures.push(...failures);
  }

  stages(): readonly number[] {
    return [...this.#stages.keys()];
  }

  /** Lowers what the stage needs, from above: each stage then finds what it needs done, however many there are. */
  stagesBelow(target: Stage): void {
    const resolve = (name: string) => {
      const filled = expand(name, this.globals, this.expansion);
      return filled.ok ? filled.value.value : undefined;
    };
    const needed = stagesNeededBy(this.dockerfile, target, { resolve });
    // One that is used and does not stand above is found again, and reported, where it is used.
    if (needed.ok) for (const { index } of needed.value) this.stage(index);
  }

  stage(index: number): StageState | undefined {
    if (this.#stages.has(index)) return this.#stages.get(index);
    this.#stages.set(index, undefined);
    const state = this.#lowerStage(this.dockerfile.stages[index]!);
    this.#stages.set(index, state);
    return state;
  }

  source(
    name: string,
    options: {
      readonly before: number;
      readonly platform: Platform;
      readonly at: SourceSpan;
      readonly foreign?: ForeignTrigger | undefined;
    },
  ): Vertex<Step> | undefined {
    const named = this.dockerfile.stages.filter((stage) => stage.name === name.toLowerCase());
    // A name that is given twice means the last one above.
    const found = named.findLast((stage) => stage.index < options.before) ?? named[0];
    const index = found?.index ?? (/^\d+$/.test(name) ? Number(name) : undefined);
    if (index !== undefined && index >= this.dockerfile.stages.length) {
      this.fail(stageNotBefore(name, options.at));
      return undefined;
    }
    if (index === undefined && name === 'scratch')
      return step({ op: { kind: 'scratch' }, inputs: [], name: 'FROM scratch' });
    const { platform, at } = options;
    const given = index === undefined ? namedBase({ name, platform, at }, this) : undefined;
    if (given?.vertex) return given.vertex;
    if (given?.image !== undefined) return this.image({ reference: given.image, platform, at });
    if (index === undefined) {
      this.fail(...uncountedImage(name, options.foreign));
      return this.image({ reference: name, platform: options.platform, at: options.at });
    }
    // What takes the place of a stage is there before all of them.
    if (index >= options.before && !this.dockerfile.stages[index]?.isReplaced) {
      this.fail(stageNotYetDefined(name, index === options.before, options.at));
      return undefined;
    }
    return this.stage(index)?.vertex;
  }

  image(request: ImageRequest): Vertex<Step> | undefined {
    const image = this.input.images.get(imageKey(request));
    // Nobody need be asked about what cannot be one. A layout that a context names is known by its path.
    const parsed = image && !image.isUnknown ? undefined : parseReference(request.reference);
    if (parsed?.ok === false && !request.reference.startsWith('oci-layout://')) {
      this.fail(...parsed.failure.map((failure) => ({ ...failure, at: request.at })));
      return undefined;
    }
    if (!image) {
      this.missing.set(imageKey(request), request);
      return undefined;
    }
    this.#warnOfPlatform(request, image);
    const { manifest, layers, origin } = image;
    return step({ op: { kind: 'image', manifest, layers, origin }, inputs: [], name: `FROM ${request.reference}` });
  }

  /** An image that says it is for another machine is used as it is, as other builders do: but not without a word. */
  #warnOfPlatform(request: ImageRequest, { config: { os, architecture, variant } }: ResolvedImage): void {
    const { reference, platform, at } = request;
    const own: Platform = { os, architecture, ...(variant ? { variant } : {}) };
    if (os === '' || architecture === '' || platformRank(platform, own) !== undefined) return;
    const place = at === undefined ? '' : `${at.file}:${at.line}: `;
    const warning = `${place}${reference} is an image for ${formatPlatform(own)}, and is used here for ${formatPlatform(platform)}`;
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }

  /** One that Dockerfiles of the project write too is in a key, whoever else has it. */
  #foreignTrigger(text: string, { from }: Stage): ForeignTrigger | undefined {
    const { counted } = this.input;
    return counted === undefined || counted.triggers.includes(text)
      ? undefined
      : { text, from, counted, told: this.#told };
  }

  #lowerInstruction(instruction: Instruction, state: StageState, context: InstructionContext): void {
    const before = this.failures.length;
    state.hasGuessed = false;
    lowerInstruction(instruction, state, context);
    if (instruction.commits) state.commits.add(state.ownLayers);
    if (state.hasGuessed) this.#withdrawGuesses(before, instruction, state);
  }

  /** What an instruction made of values that nobody knows is no failure, and not known either. */
  #withdrawGuesses(before: number, instruction: Instruction, { variables }: StageState): void {
    const { offset, length } = instruction.at;
    const isGuess = ({ reason, at }: Failure) =>
      !certainReasons.has(reason) && (at === undefined || (at.offset >= offset && at.offset < offset + length));
    for (const failure of this.failures.splice(before)) if (!isGuess(failure)) this.failures.push(failure);
    for (const { key } of setBy(instruction)) variables.delete(key);
  }

  #lowerStage(stage: Stage): StageState | undefined {
    const state = lowerFrom(stage, this);
    if (!state) return undefined;
    const triggers = stage.isReplaced ? [] : (state.config.OnBuild ?? []);
    delete state.config.OnBuild;
    for (const text of triggers) {
      const place = `ONBUILD of ${stage.from.image}`;
      const trigger = parseTrigger(text, place);
      const context = new InstructionContext(this, { stage, number: 1, foreign: this.#foreignTrigger(text, stage) });
      const before = this.failures.length;
      if (trigger.ok) this.#lowerInstruction(trigger.value, state, context);
      else this.fail(...trigger.failure);
      // A trigger has no line of its own: it runs where the image is named.
      for (let index = before; index < this.failures.length; index++) {
        const failure = this.failures[index]!;
        if (failure.at?.file === place) this.failures[index] = ofTrigger(failure, text, stage.from);
      }
    }
    const { gaps = [] } = stage;
    let passed = 0;
    stage.instructions.forEach((instruction, i) => {
      const above = passed;
      while (passed < gaps.length && gaps[passed]! < instruction.at.offset) passed++;
      if (passed > above) state.forget();
      this.#lowerInstruction(instruction, state, new InstructionContext(this, { stage, number: i + 2 }));
    });
    if (passed < gaps.length) state.forget();
    return this.missing.size > 0 ? undefined : state;
  }
}

/** The variables that an instruction gives a value. */
function setBy(instruction: Instruction): readonly { readonly key: string }[] {
  switch (instruction.keyword) {
    case 'ARG':
      return instruction.args;
    case 'ENV':
      return instruction.pairs;
    case 'ADD':
    case 'CMD':
    case 'COPY':
    case 'ENTRYPOINT':
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'ONBUILD':
    case 'RUN':
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
