import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decompress, layerMediaTypes } from '../../src/layer/compression.ts';
import { type LayerCompression, layerCompression } from '../../src/oci/media-type.ts';
import { needs } from '../support/needs.ts';
import { chunksOf } from '../tar/archive.ts';
import { failsWith } from '../tar/failing.ts';

const content = Buffer.concat([
  Buffer.from('words and words and words '.repeat(40_000)),
  randomBytes(300_000),
  Buffer.alloc(500_000),
]);
const zstd = (bytes: Buffer, ...args: string[]) =>
  execFileSync('zstd', ['-c', ...args], { input: bytes, maxBuffer: 2 ** 30 });

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`layerMediaTypes ${compression} is what layerCompression() reads`, () => {
    assert.equal(layerCompression(layerMediaTypes[compression]), compression);
  });
}

const streams: [title: string, compression: LayerCompression, program: string, make: () => Buffer][] = [
  ['nothing of it', 'none', 'node', () => content],
  ['gzip', 'gzip', 'node', () => gzipSync(content)],
  [
    'gzip of two members',
    'gzip',
    'node',
    () => Buffer.concat([gzipSync(content.subarray(0, 999)), gzipSync(content.subarray(999))]),
  ],
  ['zstd', 'zstd', 'zstd', () => zstd(content)],
  ['zstd with the greatest level and a checksum', 'zstd', 'zstd', () => zstd(content, '-19', '--check')],
  [
    'zstd of two frames',
    'zstd',
    'zstd',
    () => Buffer.concat([zstd(content.subarray(0, 999)), zstd(content.subarray(999))]),
  ],
  [
    'zstd with a skippable frame at the end',
    'zstd',
    'zstd',
    () => Buffer.concat([zstd(content), Buffer.from('502a4d180400000061626364', 'hex')]),
  ],
];
for (const [title, compression, program, make] of streams) {
  for (const chunk of [777, 65_536])
    test(`decompress() ${title}, in chunks of ${chunk}`, needs(program), async () => {
      assert.ok((await buffer(decompress(chunksOf(make(), chunk), compression))).equals(content));
    });
}

const damaged: [title: string, compression: LayerCompression, program: string, make: () => Buffer][] = [
  ['gzip cut short', 'gzip', 'node', () => gzipSync(content).subarray(0, -100)],
  ['gzip that is none', 'gzip', 'node', () => content],
  ['gzip of nothing', 'gzip', 'node', () => Buffer.alloc(0)],
  ['zstd cut short', 'zstd', 'zstd', () => zstd(content).subarray(0, -100)],
  ['zstd that is none', 'zstd', 'zstd', () => content],
];
for (const [title, compression, program, make] of damaged) {
  test(`decompress() refuses ${title}`, needs(program), async () => {
    await assert.rejects(buffer(decompress(chunksOf(make(), 65_536), compression)), failsWith('corrupt-compression'));
  });
}

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(
    `decompress() ${compression} fails with what its source fails with, and closes it when left`,
    needs('zstd'),
    async () => {
      const bytes = compression === 'zstd' ? zstd(content) : compression === 'gzip' ? gzipSync(content) : content;
      let closed = 0;
      const source = async function* (fails: boolean) {
        try {
          yield bytes.subarray(0, 200_000);
          if (fails) throw new Error('the line went dead');
          for (;;) yield* chunksOf(bytes.subarray(200_000), 10_000);
        } finally {
          closed += 1;
        }
      };
      await assert.rejects(buffer(decompress(source(true), compression)), /the line went dead/);
      for await (const _ of decompress(source(false), compression)) break;
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(closed, 2);
    },
  );
}
