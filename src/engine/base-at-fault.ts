import type { Digest } from '../oci/digest.ts';
import { type Failure, FailureError, type Reason, type SourceSpan } from '../result.ts';
import { baseLayerBroken, baseLayerSwapped } from './failure.ts';
import { LayerError } from './snapshot/layer-error.ts';

/** An image that a Dockerfile names, where it does so, and the digests of its layers' blobs. */
export interface UsedBase {
  readonly reference: string;
  readonly at?: SourceSpan | undefined;
  readonly layers: readonly Digest[];
}

/** What reading a layer says of bytes that are no tar, or not compressed as they should be. */
const broken: ReadonlySet<Reason> = new Set([
  'corrupt-compression',
  'tar-body-size',
  'tar-header-invalid',
  'tar-header-too-long',
  'tar-name-not-utf8',
  'tar-truncated',
  'tar-unsupported-type',
] satisfies readonly Reason[]);

/** What it says of entries that no layer may have, or that this machine cannot have. */
const unusable: ReadonlySet<Reason> = new Set([
  'layer-entry-escapes',
  'layer-entry-invalid',
  'layer-path-too-long',
  'layer-too-big',
  'link-target-missing',
  'not-a-directory',
  'too-many-links',
  'unpack-failed',
] satisfies readonly Reason[]);

/**
 * What a step failed with because of a layer of one of `bases`, at the reference to that image and with its name: layers are
 * looked at when they are first needed, and the step that needs them has nothing to do with it. Any other error as it is.
 */
export function atBase(error: unknown, bases: readonly UsedBase[]): unknown {
  const found = layerErrorIn(error);
  const base = found && bases.find(({ layers }) => layers.includes(found.layer));
  if (base === undefined) return error;
  const failure = ofBase(found!.failure, base.reference);
  return new FailureError(base.at ? { ...failure, at: base.at } : failure, { cause: error });
}

function ofBase(failure: Failure, reference: string): Failure {
  if (failure.reason === 'layer-digest-mismatch') return baseLayerSwapped(reference, failure);
  if (broken.has(failure.reason)) return baseLayerBroken(reference, failure);
  return unusable.has(failure.reason)
    ? { ...failure, message: `${reference} cannot be used: ${failure.message}` }
    : failure;
}

/** Others have put a place on it since. */
function layerErrorIn(error: unknown): LayerError | undefined {
  if (error instanceof LayerError || !(error instanceof FailureError))
    return error instanceof LayerError ? error : undefined;
  return layerErrorIn(error.cause);
}
