import type { ContextListing } from '../context/decide-context.ts';
import type { Dockerfile, Instruction } from '../dockerfile/dockerfile.ts';
import type { Digest } from '../oci/digest.ts';
import type { Edge } from '../project/edge.ts';
import { type Canonical, canonicalDigest, sortedEntries } from './canonical.ts';
import { isFollowed } from './followed-edge.ts';
import { usesRegistry } from './registry-use.ts';

/** Number of the rules in this file. To be raised with every change of them: keys of different numbers say nothing. */
export const keySchema = 2;

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
  /** The escape character of the Dockerfile, which changes what the instructions mean. */
  readonly escape: string;
  /** Build arguments that the Dockerfile can see → digest of the value. */
  readonly args: Readonly<Record<string, Digest>>;
  /** Images of the project that it is built from, at the version the project holds → their keys, with the platform where that is another. */
  readonly parents: Readonly<Record<string, Digest>>;
  /** Digest of its ContextListing. */
  readonly context: Digest;
}

export interface KeyInputs {
  /** Less the stages that the target is not made of. */
  readonly dockerfile: Dockerfile;
  /** The edges of the graph that start at it. */
  readonly edges: readonly Edge[];
  readonly platform: string;
  readonly target?: string | undefined;
  readonly listing: ContextListing;
  /** All that the build is given, REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Parent → the version that the project holds, and its keys for the platforms that stages take it for. */
  readonly parents: ReadonlyMap<string, { readonly version: string; readonly keys: ReadonlyMap<string, Digest> }>;
}

/** The key, and what it is made of. */
export function buildKey(inputs: KeyInputs): { readonly key: Digest; readonly parts: KeyParts } {
  const { dockerfile } = inputs;
  const parts: KeyParts = {
    schema: keySchema,
    platform: inputs.platform,
    ...(inputs.target !== undefined && { target: inputs.target }),
    instructions: instructionsOf(dockerfile).map(([instruction, stage]) => [
      instruction.at.line,
      canonicalDigest([
        canonicalInstruction(instruction, referencesIn(instruction, stage, inputs)),
        instruction.keyword === 'FROM' && countsStages(dockerfile) ? String(stage) : undefined,
      ]),
    ]),
    escape: dockerfile.escape,
    args: Object.fromEntries(
      argsInUse(dockerfile, inputs.buildArgs).map(([name, value]) => [name, canonicalDigest(value)]),
    ),
    parents: Object.fromEntries([...followed(inputs)].flatMap((name) => [...keysOfParent(name, inputs)])),
    context: inputs.listing.digest,
  };
  return { key: keyOf(parts), parts };
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

function instructionsOf(dockerfile: Dockerfile): readonly (readonly [AnyInstruction, stage: number])[] {
  return [
    ...dockerfile.globalArgs.map((arg) => [arg, -1] as const),
    ...dockerfile.stages.flatMap((stage) =>
      [stage.from, ...stage.instructions].map((instruction) => [instruction, stage.index] as const),
    ),
  ];
}

/** Whether a stage is used by its number: only then does it matter which number a stage has. */
function countsStages({ stages }: Dockerfile): boolean {
  return stages.some(({ instructions }) =>
    instructions.some((instruction) => {
      const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
      return inner.keyword === 'COPY' && inner.from !== undefined && /^\d+$|\$/.test(inner.from.value);
    }),
  );
}

/** The logical text, its references to images of the project replaced, and the bodies of its heredocs. */
function canonicalInstruction(instruction: AnyInstruction, references: readonly Replacement[]): Canonical {
  let text: string = instruction.text;
  for (const { written, stands } of references) {
    const at = text.indexOf(written);
    if (at >= 0) text = text.slice(0, at) + stands + text.slice(at + written.length);
  }
  return [text, bodies(instruction)];
}

function bodies(instruction: AnyInstruction): Canonical {
  if (instruction.keyword === 'ONBUILD') return bodies(instruction.instruction);
  if (!('heredocs' in instruction)) return [];
  return instruction.heredocs.map((heredoc) => [heredoc.name, String(heredoc.expand), heredoc.body]);
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
    if (edge.stage !== stage || edge.at.offset < offset || edge.at.offset >= offset + length) continue;
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
  return new Set(inputs.edges.filter((edge) => isFollowed(edge, versionOf(edge, inputs))).map((edge) => edge.to));
}

/** By name; where a stage takes it for another platform than the image is built for, with that. */
function keysOfParent(name: string, { parents, platform }: KeyInputs): readonly (readonly [string, Digest])[] {
  return [...parents.get(name)!.keys].map(([wanted, key]) => [wanted === platform ? name : `${name} (${wanted})`, key]);
}

function versionOf(edge: Edge, inputs: KeyInputs): string | undefined {
  return inputs.parents.get(edge.to)?.version;
}

/** Arguments that change results without being declared. */
const alwaysInUse = /^(?:SOURCE_DATE_EPOCH|BUILDKIT_\w+)$/;

/** Declared anywhere, in an ONBUILD trigger too; REGISTRY only where it does more than name images. */
function argsInUse(
  dockerfile: Dockerfile,
  buildArgs: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const declared = new Set<string>();
  for (const [instruction] of instructionsOf(dockerfile)) {
    const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
    if (inner.keyword === 'ARG') for (const arg of inner.args) declared.add(arg.key);
  }
  return sortedEntries(buildArgs).filter(([name]) => {
    if (name === 'REGISTRY') return declared.has(name) && usesRegistry(dockerfile);
    return declared.has(name) || alwaysInUse.test(name);
  });
}
