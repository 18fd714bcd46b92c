/**
 * What a build takes from its context, told from the Dockerfile alone, before anything is built: patterns with their
 * variables filled in, stage by stage as the target needs them. Where a value cannot be known, all of the context counts.
 */
import type { AddInstruction, Dockerfile, Instruction, RunMount, Stage } from '../dockerfile/dockerfile.ts';
import { parseIgnorePattern } from '../dockerfile/dockerignore.ts';
import { type ExpansionRules, expand } from '../dockerfile/expand.ts';
import { expandMount } from '../dockerfile/instructions/run-mount.ts';
import { isRemoteSource, parseRemoteSource, type RemoteSource } from '../dockerfile/remote-source.ts';
import { findStage, stagesNeededBy } from '../dockerfile/stages.ts';
import { parseTrigger } from '../dockerfile/trigger.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { assertNever, ok, type SourceSpan } from '../result.ts';
import { givenArgument, globalValues } from './global-values.ts';
import { type NamedContexts, withReplacedStages } from './named-contexts.ts';
import { bindSelector, leadsOut, type Masks, type Selector } from './selector.ts';
import { StageVariables } from './stage-variables.ts';

/** What one instruction takes from the context. */
export interface ContextRead extends Selector {
  readonly masks: Masks;
}

/** Where a read is written: the instruction or the mount; for a trigger of another image, the FROM that names that. */
export interface PlacedRead {
  readonly read: ContextRead;
  readonly at: SourceSpan;
  /** The source as written, where it leads out of the context: `read` has what is left of it then. */
  readonly written?: string | undefined;
  /** Text of the trigger, if it is one. */
  readonly trigger?: string | undefined;
}

/** A source of ADD that is fetched from elsewhere, and where it is written. */
export interface PlacedRemote {
  readonly source: RemoteSource;
  readonly at: SourceSpan;
}

/** All that a build takes. Plain data; equal text is equal reads. */
export interface ContextReads {
  /** Numbers of the stages that are built, ascending. */
  readonly stages: readonly number[];
  /** Something is taken that cannot be told: all of the context counts. */
  readonly whole: boolean;
  readonly reads: readonly ContextRead[];
  /** Each of them as often as it is written, in the order in which stages are read. */
  readonly places: readonly PlacedRead[];
  /** What comes from elsewhere than the context, in the order in which stages are read. */
  readonly remotes: readonly PlacedRemote[];
}

/** What an image hands on to those that are built from it. */
export interface KnownImage {
  readonly env: StageVariables;
  /** Texts of its ONBUILD triggers. */
  readonly triggers: readonly string[];
}

/** One Dockerfile for one platform, and what is known of the images that it starts from. */
export interface ContextReadsInputs {
  readonly dockerfile: Dockerfile;
  readonly target?: string | undefined;
  readonly platform: Platform;
  /** Of the machine that builds. */
  readonly buildPlatform: Platform;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** What stages and images are replaced by, by name. */
  readonly contexts?: NamedContexts | undefined;
  /** An image that the project builds, by the reference of a stage's FROM, filled in; undefined for any other. */
  readonly imageOf: (stage: Stage, reference: string, platform: Platform) => KnownImage | undefined;
}

/** What a build of the target reads of its context, told from the Dockerfile alone: nothing is looked at. */
export function contextReads(inputs: ContextReadsInputs): ContextReads {
  const reading = new Reading(inputs);
  reading.target();
  const { isWhole: whole, places, remotes } = reading;
  return { whole, reads: places.map(({ read }) => read), stages: reading.stages(), places, remotes };
}

/** All that several builds take together; places only of what each of them takes. */
export function readsTogether(all: readonly ContextReads[]): ContextReads {
  const [first, ...others] = all.map(({ places }) => new Map(places.map((place) => [JSON.stringify(place), place])));
  const common = [...(first ?? [])].filter(([id]) => others.every((other) => other.has(id)));
  return {
    places: common.map(([, place]) => place),
    whole: all.some(({ whole }) => whole),
    reads: distinct(all.flatMap(({ reads }) => reads)),
    remotes: distinct(all.flatMap(({ remotes }) => remotes)),
    stages: [...new Set(all.flatMap(({ stages }) => stages))].sort((a, b) => a - b),
  };
}

/** What the image that the Dockerfile makes hands on. */
export function handedOn(inputs: ContextReadsInputs): KnownImage {
  const state = new Reading(inputs).target();
  return { env: state?.env ?? StageVariables.unknown(), triggers: state?.triggers ?? [] };
}

interface StageReading {
  readonly platform: Platform;
  /** What `$x` means: ARG and ENV, whichever came later. */
  readonly variables: StageVariables;
  readonly env: StageVariables;
  /** Of the stages that start from this one. */
  readonly triggers: string[];
}

type ReadPlace = Omit<PlacedRead, 'read' | 'written'>;

class Reading {
  readonly places: PlacedRead[] = [];
  readonly remotes: PlacedRemote[] = [];
  isWhole = false;
  readonly #inputs: ContextReadsInputs;
  /** With what replaces stages of it. */
  readonly #dockerfile: Dockerfile;
  readonly #target: Stage | undefined;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #expansion: ExpansionRules;
  readonly #stages = new Map<number, StageReading | undefined>();

  constructor(inputs: ContextReadsInputs) {
    this.#inputs = inputs;
    const { dockerfile, target } = inputs;
    const found = findStage(dockerfile, target);
    this.#target = found.ok ? found.value : undefined;
    const targetStage = target === undefined ? undefined : (this.#target?.name ?? String(this.#target?.index));
    const { values, budget } = globalValues({ ...inputs, targetStage });
    this.#globals = values;
    this.#expansion = { escapeCharacter: inputs.dockerfile.escape, budget };
    this.#dockerfile = withReplacedStages(inputs.dockerfile, inputs.contexts ?? {}, (stage) => this.#platform(stage));
  }

  /** undefined where the Dockerfile cannot be built: then nothing is read either. */
  target(): StageReading | undefined {
    if (!this.#target) return undefined;
    // From above, so that a stage finds what it needs read, however many there are.
    const needed = stagesNeededBy(this.#dockerfile, this.#target, { resolve: (name) => this.#global(name) });
    if (needed.ok) for (const { index } of needed.value) this.#stage(index);
    return this.#stage(this.#target.index);
  }

  stages(): readonly number[] {
    return [...this.#stages.keys()].sort((a, b) => a - b);
  }

  #stage(index: number): StageReading | undefined {
    if (this.#stages.has(index)) return this.#stages.get(index);
    this.#stages.set(index, undefined);
    const stage = this.#dockerfile.stages[index];
    const state = stage && this.#from(stage);
    this.#stages.set(index, state);
    if (stage && state) for (const instruction of stage.instructions) this.#instruction(instruction, { state, stage });
    return state;
  }

  /** The stage as it starts, with the triggers of what it starts from run. */
  #from(stage: Stage): StageReading | undefined {
    const { imageOf } = this.#inputs;
    const name = this.#global(stage.from.image);
    const platform = this.#platform(stage);
    if (name === undefined || name === '' || platform === undefined) return undefined;
    const folded = name.toLowerCase();
    const above = this.#dockerfile.stages.findLast((other) => other.index < stage.index && other.name === folded);
    const parent = above && this.#stage(above.index);
    if (above && !parent) return undefined;
    if (parent) {
      const { variables, env } = parent;
      const child = { platform: parent.platform, variables: variables.handedOn(env), env: env.copy(), triggers: [] };
      return this.#triggered(parent.triggers, child, stage);
    }
    if (name === 'scratch') {
      return { platform, variables: StageVariables.none(), env: StageVariables.none(), triggers: [] };
    }
    const image = imageOf(stage, name, platform);
    // Nobody knows the triggers of an image from elsewhere; those that are made to have some say so in their names.
    if (image === undefined && /onbuild/i.test(name)) this.isWhole = true;
    const env = image?.env ?? StageVariables.unknown();
    return this.#triggered(
      image?.triggers ?? [],
      { platform, variables: env.copy(), env: env.copy(), triggers: [] },
      stage,
    );
  }

  #triggered(triggers: readonly string[], state: StageReading, stage: Stage): StageReading {
    for (const text of triggers) {
      const trigger = parseTrigger(text, 'ONBUILD');
      if (trigger.ok) this.#instruction(trigger.value, { state, stage }, { at: stage.from.imageAt, trigger: text });
    }
    return state;
  }

  #platform({ from }: Stage): Platform | undefined {
    if (from.platform === undefined) return this.#inputs.platform;
    const text = this.#global(from.platform);
    const platform = text === undefined ? undefined : parsePlatform(text);
    return platform?.ok ? platform.value : undefined;
  }

  /** `place`: where a trigger comes from. */
  #instruction(
    instruction: Instruction,
    { state, stage }: { readonly state: StageReading; readonly stage: Stage },
    place?: ReadPlace,
  ): void {
    switch (instruction.keyword) {
      case 'ARG':
        for (const { key, value } of instruction.args) this.#declare(key, value, state);
        return;
      case 'ENV': {
        const values = instruction.pairs.map(
          ({ key, value }) => [this.#fill(key, state), this.#fill(value, state)] as const,
        );
        for (const variables of [state.variables, state.env]) {
          if (values.some(([key]) => key === undefined)) variables.forget();
          for (const [key, value] of values) if (key !== undefined) variables.set(key, value);
        }
        return;
      }
      case 'COPY':
        if (instruction.from) this.#source(instruction.from.value, stage);
        else this.#transfer({ instruction, sources: instruction.sources }, state, place);
        return;
      case 'ADD': {
        const isLocal = (source: string) => !isRemoteSource(this.#fill(source, state) ?? source);
        this.#transfer({ instruction, sources: instruction.sources.filter(isLocal) }, state, place);
        this.#fetched(instruction, state, place);
        return;
      }
      case 'RUN':
        for (const mount of instruction.mounts) this.#mount(mount, { state, stage }, place);
        return;
      case 'ONBUILD':
        state.triggers.push(instruction.trigger);
        return;
      case 'CMD':
      case 'ENTRYPOINT':
      case 'EXPOSE':
      case 'HEALTHCHECK':
      case 'LABEL':
      case 'MAINTAINER':
      case 'SHELL':
      case 'STOPSIGNAL':
      case 'USER':
      case 'VOLUME':
      case 'WORKDIR':
        return;
      default:
        assertNever(instruction);
    }
  }

  /** As ARG means it: the build argument, else the default, else the global value, else nothing. */
  #declare(key: string, written: string | undefined, state: StageReading): void {
    const given = givenArgument(this.#inputs.buildArgs, key);
    if (given !== undefined) state.variables.set(key, given);
    else if (written !== undefined) state.variables.set(key, this.#fill(written, state));
    else if (this.#globals.has(key)) state.variables.set(key, this.#globals.get(key));
  }

  #transfer(
    {
      instruction,
      sources,
    }: {
      readonly instruction: Extract<Instruction, { readonly keyword: 'COPY' | 'ADD' }>;
      readonly sources: readonly string[];
    },
    state: StageReading,
    place: ReadPlace = { at: instruction.at },
  ): void {
    if (sources.length === 0) return;
    const patterns = sources.map((source) => this.#fill(source, state));
    const known = patterns.filter((pattern) => pattern !== undefined);
    if (known.length < patterns.length) {
      this.isWhole = true;
      return;
    }
    const exclude = instruction.exclude.flatMap((pattern) => {
      const parsed = parseIgnorePattern(pattern);
      return parsed.ok ? [parsed.value] : [];
    });
    const chmod = instruction.chmod && this.#fill(instruction.chmod, state);
    const chown = instruction.chown && this.#fill(instruction.chown, state);
    const masks = { mode: chmod !== undefined && /^[0-7]{1,5}$/.test(chmod), owner: Boolean(chown) };
    const parents = instruction.keyword === 'COPY' && instruction.parents;
    this.places.push({ read: { patterns: known, exclude, parents, masks }, ...place });
  }

  /** A mistake in one is told where it is built. */
  #fetched(instruction: AddInstruction, state: StageReading, { at }: ReadPlace = { at: instruction.at }): void {
    const checksum = instruction.checksum && this.#fill(instruction.checksum, state);
    for (const written of instruction.sources) {
      const text = this.#fill(written, state);
      if (text === undefined || !isRemoteSource(text)) continue;
      const source = parseRemoteSource(text, { checksum: checksum || undefined, keepGitDir: instruction.keepGitDir });
      if (source.ok) this.remotes.push({ source: source.value, at });
    }
  }

  #mount(
    written: RunMount,
    { state, stage }: { readonly state: StageReading; readonly stage: Stage },
    place: ReadPlace = { at: written.at },
  ): void {
    if (written.from) {
      this.#source(written.from.value, stage);
      return;
    }
    let isKnown = true;
    const expanded = expandMount(written, (word) => {
      const value = this.#fill(word, state);
      isKnown &&= value !== undefined;
      return ok(value ?? '');
    });
    if (!isKnown) this.isWhole = true;
    else if (expanded.ok && expanded.value.type === 'bind') {
      const { source = '' } = expanded.value;
      const read = { ...bindSelector(source), masks: { mode: false, owner: false } };
      this.places.push({ read, ...place, ...(leadsOut(source) && { written: source }) });
    }
  }

  /** Reads what a stage reads that `--from` names; an image is nothing of the context's. */
  #source(written: string, user: Stage): void {
    const { stages } = this.#dockerfile;
    const name = this.#global(written);
    const above = stages.filter((stage) => stage.index < user.index);
    if (name === undefined) {
      for (const { index } of above) this.#stage(index);
      return;
    }
    const found = above.findLast((stage) => stage.name === name.toLowerCase());
    const index = found?.index ?? (/^\d+$/.test(name) ? Number(name) : undefined);
    const replaced = stages.find((stage) => stage.isReplaced && stage.name === name.toLowerCase());
    const meant = index ?? replaced?.index;
    if (meant !== undefined && (meant < user.index || stages[meant]?.isReplaced)) this.#stage(meant);
  }

  /** undefined where the value is not known, or cannot be expanded. */
  #fill(word: string, { variables }: StageReading): string | undefined {
    return variables.fill(word, this.#expansion);
  }

  #global(word: string): string | undefined {
    const expanded = expand(word, this.#globals, this.#expansion);
    return expanded.ok ? expanded.value.value : undefined;
  }
}

function distinct<T>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
