import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { ChunkReader } from '../../src/registry/chunk-reader.ts';

const content = Buffer.from('0123456789');
const take = async (reader: ChunkReader, offset: number, length: number) =>
  String(await buffer(Readable.from(reader.take(offset, length))));

for (const size of [1, 3, 10]) {
  test(`ChunkReader gives pieces of the wanted length from a stream of pieces of ${size}`, async () => {
    let opened = 0;
    const reader = new ChunkReader(async () => {
      opened++;
      const pieces = Array.from({ length: Math.ceil(10 / size) }, (_, i) => content.subarray(i * size, (i + 1) * size));
      return Readable.from(pieces);
    });
    assert.equal(await take(reader, 0, 4), '0123');
    assert.equal(await take(reader, 4, 2), '45');
    assert.equal(await take(reader, 8, 9), '89', 'after a gap, and to the end');
    await assert.rejects(take(reader, 0, 1), /cannot go back/);
    assert.equal(opened, 1);
    reader.close();
  });
}
