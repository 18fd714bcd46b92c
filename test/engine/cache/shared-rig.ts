import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DirectoryPlace } from '../../../src/engine/cache/directory-place.ts';
import { RegistryPlace } from '../../../src/engine/cache/registry-place.ts';
import type { SharedPlace } from '../../../src/engine/cache/shared-place.ts';
import { SharedResults } from '../../../src/engine/cache/shared-results.ts';
import { PushPreparation } from '../../../src/engine/exporter/push-preparation.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import { DiffID, digestOf } from '../../../src/oci/digest.ts';
import { RegistryClient } from '../../../src/registry/registry.ts';
import type { Store } from '../../../src/store/store.ts';

const live = new AbortController().signal;

/** Results in `place`, of whoever has `store`. */
export function sharedBy(store: Store, place: SharedPlace): SharedResults {
  const preparation = new PushPreparation(store);
  return new SharedResults({
    place,
    blobs: store.blobs,
    pack: (layer, signal) => preparation.layer(layer, signal),
  });
}

/** A directory in `path`, as one more process sees it. */
export function directoryPlace(path: string, writer = 'writer'): DirectoryPlace {
  return new DirectoryPlace({ type: 'local', directory: join(path, 'shared') }, writer);
}

/** The repository `cache` of the registry at `host`, through a client of its own. */
export function registryPlace(host: string, scope = 'main'): RegistryPlace {
  const client = new RegistryClient({
    insecureRegistries: [],
    retries: 0,
    timeoutMs: 5000,
    userAgent: 'test',
    env: {},
  });
  const address = { type: 'registry', registry: host, repository: 'team/cache', scope } as const;
  return new RegistryPlace(client.repository(address), address);
}

/** A snapshot of layers with these texts, which are in the store. */
export async function snapshotOf(store: Store, ...texts: string[]): Promise<Snapshot> {
  const layers = texts.map((text) => {
    const digest = digestOf(text);
    const blob = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: Buffer.byteLength(text) };
    return { blob, diffID: DiffID.parse(digest) };
  });
  for (const [at, { blob }] of layers.entries())
    await store.blobs.put(blob, async () => Readable.from([Buffer.from(texts[at]!)], { objectMode: false }), live);
  return { layers };
}
