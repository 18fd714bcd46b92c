import type { BaseForOther } from '../../context/base-for-other.ts';
import { timeText } from '../../context/source-date-epoch.ts';
import type { Dockerfile, Stage } from '../../dockerfile/dockerfile.ts';
import { type ExpansionRules, expand, expandHeredoc, type Variables } from '../../dockerfile/expand.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Failure, SourceSpan } from '../../result.ts';
import type { OpDefinition, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { located } from './failure.ts';
import type { ForeignTrigger } from './foreign-trigger.ts';
import type { ImageRequest, LowerInput } from './lower-input.ts';
import type { StageState } from './stage-state.ts';
import { step } from './step.ts';

/** What one run of `lower` offers to those who lower a part of it. */
export interface LoweringContext {
  readonly input: LowerInput;
  readonly dockerfile: Dockerfile;
  /** ARGs above the first FROM, and those that are there by themselves. */
  readonly globals: ReadonlyMap<string, string>;
  readonly warnings: string[];
  readonly basesForOthers: BaseForOther[];
  /** For all words of the Dockerfile. */
  readonly expansion: Required<ExpansionRules>;
  /** Seconds; for files and directories that have no time of their own. */
  readonly mtime: number;
  fail(...failures: readonly Failure[]): void;
  /** The stage after its last instruction; undefined when it failed or an image below it is not known yet. */
  stage(index: number): StageState | undefined;
  /** An image; undefined, and remembered as missing, when it is not known yet. */
  image(request: ImageRequest): Vertex<Step> | undefined;
  /** A stage above `before`, or an image, by the name that `--from` gives; `scratch` is the empty one, as in FROM. */
  source(
    name: string,
    options: {
      readonly before: number;
      readonly platform: Platform;
      readonly at: SourceSpan;
      readonly foreign?: ForeignTrigger | undefined;
    },
  ): Vertex<Step> | undefined;
}

/** One instruction on its way down: where it is, and what all instructions do alike. */
export class InstructionContext {
  readonly lowering: LoweringContext;
  readonly stage: Stage;
  /** Of the step within its stage, from 1 (FROM). */
  readonly number: number;
  /** The trigger of an image from elsewhere that it is. */
  readonly foreign: ForeignTrigger | undefined;

  constructor(
    lowering: LoweringContext,
    {
      stage,
      number,
      foreign,
    }: { readonly stage: Stage; readonly number: number; readonly foreign?: ForeignTrigger | undefined },
  ) {
    this.lowering = lowering;
    this.stage = stage;
    this.number = number;
    this.foreign = foreign;
  }

  /** Fills variables in; a word that cannot be is reported and becomes empty. */
  expand(word: string, variables: Variables, at: SourceSpan): string {
    const result = expand(word, variables, this.lowering.expansion);
    if (result.ok) return result.value.value;
    this.lowering.fail(...located(result.failure, at));
    return '';
  }

  /** Fills variables in in the body of a heredoc, where quotes are plain characters. */
  expandHeredoc(body: string, variables: Variables, at: SourceSpan): string {
    const result = expandHeredoc(body, variables, this.lowering.expansion.budget);
    if (result.ok) return result.value.value;
    this.lowering.fail(...located(result.failure, at));
    return '';
  }

  /** Puts a step that makes a layer on top of the stage, and its entry in the history. */
  push(
    state: StageState,
    layer: {
      readonly op: OpDefinition;
      readonly inputs?: readonly Vertex<Step>[];
      readonly text: string;
      readonly at: SourceSpan;
      readonly createdBy: string;
    },
  ): void {
    const name = this.stage.name ?? `${this.stage.index}`;
    const title = `[${name} ${this.number}/${this.stage.instructions.length + 1}] ${layer.text}`;
    const origin = {
      image: this.lowering.input.image,
      stage: name,
      at: layer.at,
      text: layer.text,
      args: [...state.args.keys()],
    };
    const { secrets, ssh, context, remotes } = this.lowering.input;
    state.vertex = step(
      { op: layer.op, inputs: [state.vertex, ...(layer.inputs ?? [])], name: title },
      { origin, secrets, ssh, context, remotes },
    );
    state.ownLayers += 1;
    this.#remember(state, layer.createdBy, {});
  }

  /** Notes an instruction that changes the configuration only. */
  record(state: StageState, createdBy: string): void {
    this.#remember(state, createdBy, { empty_layer: true });
  }

  #remember(state: StageState, createdBy: string, rest: { readonly empty_layer?: true }): void {
    const created = timeText(this.lowering.mtime);
    state.history.push({ created, created_by: createdBy, comment: 'buildkit.dockerfile.v0', ...rest });
  }
}
