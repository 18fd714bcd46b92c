import type { ContextListing } from '../../context/decide-context.ts';
import type { Dockerfile, Instruction } from '../../dockerfile/dockerfile.ts';
import { searchable } from '../../dockerfile/searchable.ts';
import { shownText } from '../../dockerfile/shown-text.ts';
import { triggersIn } from '../../dockerfile/stages.ts';
import { type Canonical, canonicalDigest, sortedEntries } from '../../oci/canonical.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Edge } from '../../project/edge.ts';
import { isFollowed } from '../../project/edge.ts';
import type { Context } from '../../project/project.ts';
import { assertNever } from '../../result.ts';
import type { Readings } from './instruction-changes.ts';
import { parentKey } from './parent-key.ts';
import { usesRegistry } from './registry-use.ts';

/** Number of the rules in this file. To be raised with every change of them: keys of different numbers say nothing. */
export const keySchema = 4;

/**
 * What a build key is made of, by name: two keys that differ can be explained. Values that may be secret or long are
 * kept as digests.
 */
export interface KeyParts {
  readonly schema: number;
  readonly platform: string;
  /** The stage that is built; absent for the last. */
  readonly target?: string | undefined;
  /** In the order written: the line each begins at (not part of the key) and the digest of what it says. */
  readonly instructions: readonly (readonly [line: number, digest: Digest])[];
  /** What they begin with, in the same order; no part of the key. Absent where an older version remembered the rest. */
  readonly keywords?: readonly string[] | undefined;
  /** What they say, in the same order, as far as it may be shown; no part of the key, and no part of what travels. */
  readonly texts?: readonly string[] | undefined;
  /** The escape character of the Dockerfile, which changes what the instructions mean. */
  readonly escape: string;
  /** Build arguments that the Dockerfile can see, and options such as `--squash` → digest of the value. */
  readonly args: Readonly<Record<string, Digest>>;
  /** Images of the project that it is built from, at the version the project holds → their keys, with the platform where that is another. */
  readonly parents: Readonly<Record<string, Digest>>;
  /** Digest of its ContextListing. */
  readonly context: Digest;
}

/** All that decides what an image is for one platform. What is not in here can't change a key. */
export interface KeyInputs {
  readonly context: Context;
  /** The edges of the graph that start at it. */
  readonly edges: readonly Edge[];
  readonly platform: string;
  readonly target?: string | undefined;
  readonly listing: ContextListing;
  /** Numbers of the stages that the build is made of: what the others say is nothing to it. */
  readonly stages: ReadonlySet<number>;
  /** All that the build is given, REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly parents: ReadonlyMap<string, KeyedParent>;
  /** Options that change what an image is, by name as they are typed → value; those that are not given are not here. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** An image of the project that the keyed one is built from, whose key stands in for its content. */
export interface KeyedParent {
  /** That the project holds. */
  readonly version: string;
  /** For the platforms that stages take it for. */
  readonly keys: ReadonlyMap<string, Digest>;
  readonly dockerfile: Dockerfile;
}

/** The key, and what it is made of. */
export function buildKey(inputs: KeyInputs): { readonly key: Digest; readonly parts: KeyParts } {
  const { dockerfile } = inputs.context;
  const instructions = digestsOf(inputs);
  const parts: KeyParts = {
    schema: keySchema,
    platform: inputs.platform,
    ...(inputs.target !== undefined && { target: inputs.target }),
    instructions: instructions.map(({ line, digest }) => [line, digest]),
    keywords: instructions.map(({ keyword }) => keyword),
    texts: instructions.map(({ text }) => text),
    escape: dockerfile.escape,
    args: Object.fromEntries(
      [...argsInUse(inputs), ...sortedEntries(inputs.options ?? {})].map(([name, value]) => [
        name,
        canonicalDigest(value),
      ]),
    ),
    parents: Object.fromEntries([...followed(inputs)].flatMap((name) => [...keysOfParent(name, inputs)])),
    context: inputs.listing.digest,
  };
  return { key: keyOf(parts), parts };
}

/**
 * What an earlier key may say of the same instructions. `alike`, for each: its digests with and without the number of a
 * stage, which counts or not for all of them at once. `idle`: of the instructions in stages that the build is not made of.
 */
export function readingsOf(inputs: KeyInputs): Readings {
  const { stages } = inputs.context.dockerfile;
  const idle = stages.filter(({ index }) => !inputs.stages.has(index)).map(({ index }) => index);
  const numbers = [undefined, -1, ...stages.map(({ index }) => index)];
  const all = (of: KeyInputs) =>
    instructionsOf(of).map(([instruction, stage]) => {
      const said = canonicalInstruction(instruction, referencesIn(instruction, stage, of), of);
      return numbers.map((number) => instructionDigest(said, number));
    });
  return { alike: all(inputs), idle: idle.length === 0 ? [] : all({ ...inputs, stages: new Set(idle) }).flat() };
}

function digestsOf(inputs: KeyInputs) {
  const withNumbers = usesNumbers(inputs);
  return instructionsOf(inputs).map(([instruction, stage]) => ({
    line: instruction.at.line,
    keyword: instruction.keyword,
    text: shownText(instruction.text),
    digest: instructionDigest(
      canonicalInstruction(instruction, referencesIn(instruction, stage, inputs), inputs),
      withNumbers ? stage : undefined,
    ),
  }));
}

function instructionDigest(said: Canonical, stage: number | undefined): Digest {
  return canonicalDigest([said, stage === undefined ? undefined : String(stage)]);
}

function usesNumbers(inputs: KeyInputs): boolean {
  return (
    instructionsOf(inputs).some(([instruction]) => namesByNumber(instruction)) ||
    [...inputs.parents.values()].some(({ dockerfile: parent }) => hasNumberedTriggers(parent))
  );
}

function keyOf(parts: KeyParts): Digest {
  return canonicalDigest([
    String(parts.schema),
    parts.platform,
    parts.target,
    parts.escape,
    parts.instructions.map(([, digest]) => digest),
    sortedEntries(parts.args),
    sortedEntries(parts.parents),
    parts.context,
  ]);
}

type AnyInstruction = Instruction | Dockerfile['globalArgs'][number] | Dockerfile['stages'][number]['from'];

/** Of the lines above the first FROM, and of the stages that the build is made of. */
function instructionsOf({ context, stages }: KeyInputs): readonly (readonly [AnyInstruction, stage: number])[] {
  const { dockerfile } = context;
  return [
    ...dockerfile.globalArgs.map((arg) => [arg, -1] as const),
    ...dockerfile.stages
      .filter(({ index }) => stages.has(index))
      .flatMap((stage) =>
        [stage.from, ...stage.instructions].map((instruction) => [instruction, stage.index] as const),
      ),
  ];
}

/** Whether a parent hands on, with its last stage, triggers that mean stages of its child by their numbers. */
function hasNumberedTriggers({ stages }: Dockerfile): boolean {
  return triggersIn(stages.at(-1)!).some(namesByNumber);
}

/** Whether a stage may be named by its number, which the stages that do not count change too. */
function namesByNumber(instruction: AnyInstruction): boolean {
  const isNumber = (from: { readonly value: string } | undefined) => from !== undefined && /^\d+$|\$/.test(from.value);
  switch (instruction.keyword) {
    case 'COPY':
      return isNumber(instruction.from);
    case 'RUN':
      return instruction.mounts.some((mount) => isNumber(mount.from));
    case 'ONBUILD':
      return namesByNumber(instruction.instruction);
    case 'ADD':
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'ENV':
    case 'EXPOSE':
    case 'FROM':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'SHELL':
    case 'STOPSIGNAL':
    case 'USER':
    case 'VOLUME':
    case 'WORKDIR':
      return false;
    default:
      return assertNever(instruction);
  }
}

/** The logical text, its references to images of the project replaced, and the bodies of its heredocs. */
function canonicalInstruction(
  instruction: AnyInstruction,
  references: readonly Replacement[],
  inputs: KeyInputs,
): Canonical {
  let text: string = instruction.text;
  for (const { written, stands } of references) {
    const at = text.indexOf(written);
    if (at >= 0) text = text.slice(0, at) + stands + text.slice(at + written.length);
  }
  // Whether it counts is said by the option.
  return instruction.commits === true && countsCommits(inputs)
    ? [text, bodies(instruction), 'commit']
    : [text, bodies(instruction)];
}

function countsCommits({ options }: KeyInputs): boolean {
  return options?.['--commit'] !== undefined;
}

function bodies(instruction: AnyInstruction): Canonical {
  if (instruction.keyword === 'ONBUILD') return bodies(instruction.instruction);
  if (!('heredocs' in instruction)) return [];
  // A shell that reads the heredoc by itself gets the tabs that `<<-` does not count, and counts some of them.
  const isRun = instruction.keyword === 'RUN';
  return instruction.heredocs.map(({ name, expand, body, raw }) => [name, String(expand), isRun ? raw : body]);
}

interface Replacement {
  readonly written: string;
  readonly stands: string;
}

/**
 * What stands for each reference of the instruction, in the order written: `<name>` for an image that the key follows,
 * since the key of that image is a part of its own. So neither the registry nor a version of equal content makes a
 * difference. A reference to anything else is taken as it is written.
 */
function referencesIn(instruction: AnyInstruction, stage: number, inputs: KeyInputs): readonly Replacement[] {
  const { offset, length } = instruction.at;
  const replacements = new Map<number, Replacement>();
  for (const edge of inputs.edges) {
    if (
      edge.trigger !== undefined ||
      edge.stage !== stage ||
      edge.at.offset < offset ||
      edge.at.offset >= offset + length
    )
      continue;
    // One place names several images where it depends on the platform.
    const before = replacements.get(edge.at.offset)?.stands ?? '';
    replacements.set(edge.at.offset, { written: edge.text, stands: before + standIn(edge, inputs) });
  }
  return [...replacements].sort(([a], [b]) => a - b).map(([, replacement]) => replacement);
}

function standIn(edge: Edge, inputs: KeyInputs): string {
  if (!isFollowed(edge, versionOf(edge, inputs))) return `<${edge.to}:${edge.tag}@${edge.digest}>`;
  return `<${edge.to}>`;
}

/** The parents whose content, as the project holds it, this image is built from. */
function followed(inputs: KeyInputs): ReadonlySet<string> {
  const edges = inputs.edges.filter(({ stage }) => inputs.stages.has(stage));
  return new Set(edges.filter((edge) => isFollowed(edge, versionOf(edge, inputs))).map((edge) => edge.to));
}

function keysOfParent(name: string, { parents, platform }: KeyInputs): readonly (readonly [string, Digest])[] {
  return [...parents.get(name)!.keys].map(([wanted, key]) => [
    parentKey(name, wanted === platform ? undefined : wanted),
    key,
  ]);
}

function versionOf(edge: Edge, inputs: KeyInputs): string | undefined {
  return inputs.parents.get(edge.to)?.version;
}

/** Arguments that change results without being declared. */
const alwaysInUse = /^(?:SOURCE_DATE_EPOCH|BUILDKIT_\w+)$/;

/** Arguments that lines such as FROM may use without an ARG, and that can be given another value. */
const ofThemselves = /^(?:TARGET|BUILD)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$|^TARGETSTAGE$/;

/** Declared anywhere, in an ONBUILD trigger too; REGISTRY only where it does more than name images. */
function argsInUse(inputs: KeyInputs): readonly (readonly [string, string])[] {
  const declared = new Set<string>();
  for (const [instruction] of instructionsOf(inputs)) {
    const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
    if (inner.keyword === 'ARG') for (const arg of inner.args) declared.add(arg.key);
  }
  const text = searchable(inputs.context.dockerfileText);
  return sortedEntries(inputs.buildArgs).filter(([name]) => {
    if (name === 'REGISTRY') return declared.has(name) && usesRegistry(inputs.context.dockerfile);
    if (ofThemselves.test(name) && text.includes(name)) return true;
    return declared.has(name) || alwaysInUse.test(name);
  });
}
