import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { lower } from '../../src/engine/frontend/lower.ts';
import { imageKey, type LowerInput, type ResolvedImage } from '../../src/engine/frontend/lower-input.ts';
import type { OpDefinition, Step } from '../../src/engine/op/op-definition.ts';
import type { Vertex } from '../../src/engine/solver/vertex.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';
import { type Failure, FailuresError } from '../../src/result.ts';

export const amd64 = { os: 'linux', architecture: 'amd64' };

/** An image with one layer, for what is not the base of anything real. */
export function imageFixture(name: string, config: ImageConfig['config'] = {}): ResolvedImage {
  return {
    manifest: digestOf(name),
    config: {
      architecture: 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [] },
      history: [{ created_by: `the past of ${name}` }],
    },
    layers: [
      {
        blob: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(name), size: 1 },
        diffID: digestOf(name),
      },
    ],
  };
}

export interface LoweredText {
  readonly config: ImageConfig['config'] & object;
  readonly history: readonly string[];
  /** `created_by` of entries that have a layer. */
  readonly layers: readonly string[];
  /** Of each entry of the history: whether it has none. */
  readonly empty: readonly boolean[];
  /** Operations from the first to the target, each once. */
  readonly ops: readonly OpDefinition[];
  readonly target: Vertex<Step>;
  readonly warnings: readonly string[];
  readonly author: string | undefined;
  /** Of the image, then of each entry of the history. */
  readonly created: readonly (string | undefined)[];
  /** Numbers of those that were looked at. */
  readonly stages: readonly number[];
}

/** Lowers a Dockerfile whose bases are `images` (name → config), `base` being there by itself. Throws what it reports. */
export function lowerText(
  text: string,
  options: Partial<LowerInput> & { readonly bases?: Readonly<Record<string, ImageConfig['config']>> } = {},
): LoweredText {
  const dockerfile = parseDockerfile(text, 'Dockerfile');
  if (!dockerfile.ok) throw new FailuresError(dockerfile.failure);
  const { bases = {}, ...rest } = options;
  const images = new Map(
    Object.entries({ base: {}, ...bases }).map(([reference, config]) => [
      imageKey({ reference, platform: rest.platform ?? amd64 }),
      imageFixture(reference, config),
    ]),
  );
  const lowered = lower({
    dockerfile: dockerfile.value,
    image: 'test',
    platform: amd64,
    buildPlatform: amd64,
    buildArgs: {},
    images,
    ...rest,
  });
  if (!lowered.ok) throw new FailuresError(lowered.failure);
  if (lowered.value.missing) throw new Error(`missing: ${lowered.value.missing.map(imageKey).join(', ')}`);
  const { config, definition, warnings, stages } = lowered.value;
  const vertices = new Set<Vertex<Step>>();
  visit(definition.target, vertices);
  return {
    config: config.config ?? {},
    history: config.history.map((entry) => entry.created_by ?? ''),
    layers: config.history.filter((entry) => !entry.empty_layer).map((entry) => entry.created_by ?? ''),
    empty: config.history.map((entry) => entry.empty_layer === true),
    ops: [...vertices].map((vertex) => vertex.op.op),
    target: definition.target,
    warnings,
    author: config.author,
    created: [config.created, ...config.history.map((entry) => entry.created)],
    stages,
  };
}

function visit(vertex: Vertex<Step>, into: Set<Vertex<Step>>): void {
  for (const input of vertex.inputs) visit(input, into);
  if (![...into].some((known) => known.digest === vertex.digest)) into.add(vertex);
}

/** The last operation of a kind. */
export function lastOp<K extends OpDefinition['kind']>(
  lowered: LoweredText,
  kind: K,
): Extract<OpDefinition, { readonly kind: K }> {
  const op = lowered.ops.findLast((candidate) => candidate.kind === kind);
  if (!op) throw new Error(`no ${kind} in ${lowered.ops.map((candidate) => candidate.kind).join(', ')}`);
  return op as Extract<OpDefinition, { readonly kind: K }>;
}

/** Reasons of what `work` reports; none if it reports nothing. */
export function reasonsOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof FailuresError) return error.failures.map((failure: Failure) => failure.reason);
    throw error;
  }
}
