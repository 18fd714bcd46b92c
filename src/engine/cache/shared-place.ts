import { z } from 'zod';
import type { ContentSink, ContentSource } from '../../oci/content.ts';
import { Descriptor } from '../../oci/descriptor.ts';
import { DiffID, type Digest } from '../../oci/digest.ts';
import type { SnapshotLayer } from '../snapshot/snapshot.ts';

/**
 * A layer of a result that is shared: what it is in a store, and where its bytes are: in `packed`, a blob beside the result, or
 * in the repository that its image came from, which keeps it.
 */
export type SharedLayer = SnapshotLayer & ({ readonly packed: Descriptor } | { readonly origin: RepositoryName });

/** What a result is to other machines: its layers, base first. */
export interface SharedResult {
  readonly layers: readonly SharedLayer[];
}

type RepositoryName = NonNullable<SnapshotLayer['origin']>;

const Shared: z.ZodType<SharedResult> = z.object({
  layers: z.array(
    z.union([
      z.object({ blob: Descriptor, diffID: DiffID, packed: Descriptor }),
      z.object({
        blob: Descriptor,
        diffID: DiffID,
        origin: z.object({ registry: z.string(), repository: z.string() }),
      }),
    ]),
  ),
});

/** A place that several machines see: results by key, and the blobs that these name. */
export interface SharedPlace extends ContentSource, ContentSink {
  /** For messages: `the cache registry.example.com/team/cache`. */
  readonly name: string;
  /** undefined where there is none, or none that this version understands. */
  resultOf(key: Digest, signal: AbortSignal): Promise<SharedResult | undefined>;
  /** Whoever asks for the result finds all of it: its blobs are there before. */
  keep(key: Digest, result: SharedResult, signal: AbortSignal): Promise<void>;
}

/** What another program wrote, or another version of this one, is none. */
export function readSharedResult(text: string): SharedResult | undefined {
  try {
    return Shared.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
