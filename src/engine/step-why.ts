/** Why steps run (ADR 0041): the parts of their keys beside those of the runs before. Nothing here decides what runs. */
import { shownText } from '../dockerfile/shown-text.ts';
import type { KeyPart } from '../oci/key-part.ts';
import type { StepWhy } from '../progress.ts';
import { FailureError } from '../result.ts';
import type { RememberedStep, RememberedSteps } from './cache/remembered-steps.ts';
import type { Step } from './op/op-definition.ts';
import { describePart, type PartChange } from './part-words.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Miss, Misses } from './solver/solver.ts';
import type { Vertex } from './solver/vertex.ts';

/** Changes that are told of one step; how many there are besides is said. */
const MOST_TOLD = 3;

/** What a step stands on, and of COPY what it takes from: told by the step that made it. */
const ofInput = 'input ';

/** Of one solve: one image for one platform. */
export class StepWhys implements Misses<Step, Snapshot> {
  readonly #memory: RememberedSteps;
  readonly #of: { readonly image: string; readonly platform: string; readonly isAsked: boolean };
  #before: Promise<readonly RememberedStep[]> | undefined;
  readonly #texts: ReadonlySet<string>;
  /** Steps that are about to run, by vertex. */
  readonly #running = new Map<string, RememberedStep>();
  readonly #made: RememberedStep[] = [];
  /** By vertex: the step that all began with, where it is not this one. */
  readonly #first = new Map<string, Vertex<Step>>();

  /** `isAsked`: the cache is not used. `target`: the whole graph below it counts. */
  constructor(
    memory: RememberedSteps,
    of: { readonly image: string; readonly platform: string; readonly isAsked: boolean; readonly target: Vertex<Step> },
  ) {
    this.#memory = memory;
    this.#of = of;
    this.#texts = new Set(textsBelow(of.target));
  }

  async told(miss: Miss<Step, Snapshot>): Promise<StepWhy | undefined> {
    try {
      return await this.#told(miss);
    } catch (error) {
      // Whatever keeps it from being told keeps the step from running too, or nobody needs to know.
      if (error instanceof FailureError) return undefined;
      throw error;
    }
  }

  made({ digest }: Vertex<Step>): void {
    const step = this.#running.get(digest);
    if (step !== undefined) this.#made.push(step);
  }

  /** What has run is remembered. */
  async keep(): Promise<void> {
    const { image, platform } = this.#of;
    if (this.#made.length > 0) await this.#memory.add(image, platform, this.#made);
  }

  async #told({ vertex, map, inputs, isAnew }: Miss<Step, Snapshot>): Promise<StepWhy | undefined> {
    if (vertex.op.op.kind === 'scratch' || map.parts === undefined) return undefined;
    const parts: KeyPart[] = [...(await map.parts(inputs))];
    for (const [at, contentOf] of map.contentDigests.entries())
      if (contentOf !== undefined) parts.push([`${ofInput}${at}`, (await contentOf(inputs[at]!)).slice(7, 19)]);
    const now = rememberedOf(vertex, parts);
    this.#running.set(vertex.digest, now);
    this.#before ??= this.#memory.of(this.#of.image, this.#of.platform);
    const before = await this.#before;
    if (this.#of.isAsked || isAnew) return { reason: 'asked-for', parts: [], message: 'asked for by an option' };
    if (before.length === 0) return undefined;
    return this.#compared(vertex, { now, before });
  }

  #compared(
    vertex: Vertex<Step>,
    { now, before }: { readonly now: RememberedStep; readonly before: readonly RememberedStep[] },
  ): StepWhy {
    const was = likest(now, before, this.#texts);
    if (was === undefined) return { reason: 'new', parts: [], message: 'there was no such step' };
    const isOfInput = ({ label }: PartChange) =>
      label.startsWith(ofInput) || (label.startsWith('file ') && vertex.inputs.length > 1);
    const changes = telling(changesOf(was.parts, now.parts));
    const describe = (change: PartChange) => describePart(change, { vertex, textBefore: was.text, textNow: now.text });
    const own = changes.filter((change) => !isOfInput(change));
    if (own.length > 0 || was.text !== now.text) {
      const message = listed(own.length > 0 ? own.map(describe) : [`it said ${was.text}`]);
      return { reason: 'part-changed', parts: own.map(({ label }) => label), message };
    }
    const parts = changes.map(({ label }) => label);
    const changed = parts.find((label) => label.startsWith(ofInput));
    if (changed === undefined)
      return { reason: 'result-gone', parts, message: 'its result is not in the store any more' };
    const input = vertex.inputs[Number(changed.slice(ofInput.length))]!;
    const first = this.#first.get(input.digest) ?? input;
    this.#first.set(vertex.digest, first);
    const files = changes.filter(({ label }) => label.startsWith('file ')).map(describe);
    const what = files.length > 0 ? listed(files) : 'it is made of something else now';
    return { reason: 'input-changed', parts, message: `${what}: ${first.name}` };
  }
}

/** Where files are told, what all of them come to says nothing more; nor does the order of variables where one is new or gone. */
function telling(all: readonly PartChange[]): readonly PartChange[] {
  const hasFiles = all.some(({ label }) => label.startsWith('file '));
  const isVariable = ({ label, before, after }: PartChange) =>
    label.startsWith('env ') && (before === undefined || after === undefined);
  const hasOthers = all.some(isVariable);
  return all.filter(({ label }) => !(hasFiles && label === 'files') && !(hasOthers && label === 'env order'));
}

function listed(changes: readonly string[]): string {
  const distinct = [...new Set(changes)];
  const more = distinct.length > MOST_TOLD ? [`${distinct.length - MOST_TOLD} more`] : [];
  return [...distinct.slice(0, MOST_TOLD), ...more].join('; ');
}

function rememberedOf({ op: { op, origin }, name }: Vertex<Step>, parts: readonly KeyPart[]): RememberedStep {
  const text = shownText(origin?.text ?? name);
  return { kind: op.kind, stage: origin?.stage ?? '', text, parts: parts.map(([label, value]) => [label, value]) };
}

/**
 * The run that differs least: of the same instruction, else of one that is not there any more in that stage. What another one
 * of the Dockerfile was made of says nothing.
 */
function likest(
  now: RememberedStep,
  before: readonly RememberedStep[],
  texts: ReadonlySet<string>,
): RememberedStep | undefined {
  const alike = before.filter(({ kind, stage }) => kind === now.kind && stage === now.stage);
  const same = alike.filter(({ text }) => text === now.text);
  const candidates = same.length > 0 ? same : alike.filter(({ text }) => !texts.has(text));
  let [best, least]: [RememberedStep | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const one of candidates.reverse()) {
    const count = changesOf(one.parts, now.parts).length;
    if (count < least) [best, least] = [one, count];
  }
  return best;
}

/** In the order of the parts now; what is gone comes last. */
function changesOf(before: readonly KeyPart[], now: readonly KeyPart[]): readonly PartChange[] {
  const was = new Map(before);
  const is = new Map(now);
  const changed = now.flatMap(([label, after]) =>
    was.get(label) === after ? [] : [{ label, before: was.get(label), after }],
  );
  const gone = before.flatMap(([label, value]) => (is.has(label) ? [] : [{ label, before: value, after: undefined }]));
  return [...changed, ...gone];
}

function textsBelow(target: Vertex<Step>): readonly string[] {
  const seen = new Set([target]);
  // A set is walked to what is added on the way.
  for (const { inputs } of seen) for (const input of inputs) seen.add(input);
  return [...seen].map((vertex) => rememberedOf(vertex, []).text);
}
