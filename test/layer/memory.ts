import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { type PackedLayer, packLayer } from '../../src/layer/pack.ts';
import { signal } from './entries.ts';

/** A layer, and its bytes. */
export async function packed(
  entries: AsyncIterable<LayerInput> | Iterable<LayerInput>,
): Promise<PackedLayer & { readonly bytes: Buffer }> {
  const out = new PassThrough();
  const [layer, bytes] = await Promise.all([packLayer(entries, out, signal), buffer(out)]);
  return { ...layer, bytes };
}

export async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
