import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzip } from '../../src/layer/gzip.ts';
import { needs } from '../support/needs.ts';
import { chunksOf } from '../tar/archive.ts';

const MiB = 1024 * 1024;
const text = Buffer.from(
  Array.from({ length: 60_000 }, (_, at) => `line ${at} of something like a log file, ${at % 97}\n`).join(''),
);
const inputs: [title: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['one block', text.subarray(0, MiB)],
  ['one byte more than a block', text.subarray(0, MiB + 1)],
  ['several blocks', text],
  ['what does not compress', randomBytes(2 * MiB + 77)],
  ['zeros', Buffer.alloc(3 * MiB)],
];

for (const [title, bytes] of inputs) {
  test(`gzip() of ${title} is what gzip unpacks, the same for any concurrency and chunks`, needs('gzip'), async () => {
    const variants = [
      await buffer(gzip(chunksOf(bytes, 64 * 1024), { concurrency: 1 })),
      await buffer(gzip(chunksOf(bytes, 100_001), { concurrency: 2 })),
      await buffer(gzip(chunksOf(bytes, 3 * MiB), { concurrency: 3 })),
      await buffer(gzip(chunksOf(bytes, 512 * 1024), { concurrency: 4 })),
      await buffer(gzip(chunksOf(bytes, 99_999))),
    ];
    for (const variant of variants) assert.ok(variant.equals(variants[0]!));
    assert.ok(gunzipSync(variants[0]!).equals(bytes));
    execFileSync('gzip', ['-t'], { input: variants[0]! });
  });
}

test('gzip() has no name, no time and no system in its header', async () => {
  const bytes = await buffer(gzip(chunksOf(text, MiB)));
  assert.equal(bytes.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
});

test('gzip() uses what came before a block to compress it', async () => {
  const noise = randomBytes(16 * 1024);
  const repeated = Buffer.concat([Buffer.alloc(MiB - noise.length), noise, noise]);
  const bytes = await buffer(gzip(chunksOf(repeated, MiB)));
  assert.ok(bytes.length < 1.3 * noise.length, `${bytes.length} bytes`);
});

test('gzip() obeys its level', async () => {
  const [fast, small] = [
    await buffer(gzip(chunksOf(text, MiB), { level: 1 })),
    await buffer(gzip(chunksOf(text, MiB), { level: 9 })),
  ];
  assert.ok(small.length < fast.length);
  assert.ok(gunzipSync(fast).equals(text));
});

test('gzip() does not read ahead without bound', async () => {
  let read = 0;
  const source = async function* () {
    for (; read < 64; read += 1) yield text.subarray(0, MiB);
  };
  const compressed = gzip(source(), { concurrency: 2 });
  for (let at = 0; at < 3; at += 1) await compressed.next();
  assert.ok(read <= 6, `${read} blocks for three chunks`);
  await compressed.return();
});

test('gzip() fails with what its source fails with', async () => {
  const source = async function* () {
    yield text;
    throw new Error('no more');
  };
  await assert.rejects(buffer(gzip(source())), /no more/);
});
