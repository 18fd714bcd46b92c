import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ArchiveCompression, decompressArchive, detectArchive } from '../../src/layer/detect.ts';
import { needs } from '../support/needs.ts';
import { chunksOf, tarOf } from '../tar/archive.ts';
import { failsWith } from '../tar/failing.ts';
import { signal } from './entries.ts';

const tar = await tarOf({ name: 'a', content: 'x'.repeat(2000) }, { name: 'b' });
const through = (program: string, bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes });

const archives: [compression: ArchiveCompression, program: string, make: (bytes: Buffer) => Buffer][] = [
  ['none', 'node', (bytes) => bytes],
  ['gzip', 'node', (bytes) => gzipSync(bytes)],
  ['bzip2', 'bzip2', (bytes) => through('bzip2', bytes)],
  ['xz', 'xz', (bytes) => through('xz', bytes)],
  ['zstd', 'zstd', (bytes) => through('zstd', bytes)],
];
for (const [compression, program, make] of archives) {
  test(`detectArchive() knows a tar by its content: ${compression}`, needs(program), async () => {
    assert.equal(await detectArchive(() => chunksOf(make(tar), 100), signal), compression);
  });
  test(`detectArchive() knows what is no tar: ${compression}`, needs(program), async () => {
    for (const bytes of [Buffer.from('text '.repeat(500)), Buffer.from('x'), Buffer.alloc(0), Buffer.alloc(1024)])
      assert.equal(await detectArchive(() => chunksOf(make(bytes), 100), signal), undefined);
  });
  test(`decompressArchive() gives the tar inside: ${compression}`, needs(program), async () => {
    const inside = await buffer(decompressArchive(chunksOf(make(tar), 100), compression, signal));
    assert.ok(inside.equals(tar));
  });
  if (compression === 'none') continue;
  test(`detectArchive() takes damaged data for no tar: ${compression}`, needs(program), async () => {
    const damaged = make(tar).fill(0x55, 7);
    assert.equal(await detectArchive(() => chunksOf(damaged, 100), signal), undefined);
  });
  test(`decompressArchive() refuses data cut short: ${compression}`, needs(program), async () => {
    const cut = make(tar).subarray(0, -9);
    const reason = compression === 'bzip2' || compression === 'xz' ? 'program-failed' : 'corrupt-compression';
    await assert.rejects(buffer(decompressArchive(chunksOf(cut, 100), compression, signal)), failsWith(reason));
  });
}

test('decompressArchive() through a program fails with what its source fails with', needs('xz'), async () => {
  const source = async function* () {
    yield through('xz', tar).subarray(0, 20);
    throw new Error('the line went dead');
  };
  await assert.rejects(buffer(decompressArchive(source(), 'xz', signal)), /the line went dead/);
});

test('decompressArchive() leaves no program behind when it is left or aborted', needs('xz'), async () => {
  const abort = new AbortController();
  const big = execFileSync('xz', ['-c', '-0'], { input: Buffer.alloc(20_000_000) });
  for await (const _ of decompressArchive(chunksOf(big, 1000), 'xz', signal)) break;
  await assert.rejects(
    async () => {
      for await (const _ of decompressArchive(chunksOf(big, 1000), 'xz', abort.signal)) abort.abort();
    },
    { name: 'AbortError' },
  );
});
