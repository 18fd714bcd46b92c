import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { verifyStream } from '../../src/oci/verify-stream.ts';
import { FailureError } from '../../src/result.ts';

const content = Buffer.from('the bytes of a layer');
const descriptor: Descriptor = {
  mediaType: 'application/octet-stream',
  digest: digestOf(content),
  size: content.length,
};

async function verified(chunks: readonly Uint8Array[], wanted = descriptor): Promise<Buffer> {
  const passed: Buffer[] = [];
  await pipeline(Readable.from(chunks), verifyStream(wanted, 'the test'), async (stream) => {
    for await (const chunk of stream) passed.push(chunk);
  });
  return Buffer.concat(passed);
}

test('verifyStream() passes on what is right, whatever its pieces', async () => {
  assert.deepEqual(await verified([content]), content);
  assert.deepEqual(await verified([...content].map((byte) => Buffer.of(byte))), content);
  const empty = { ...descriptor, digest: digestOf(''), size: 0 };
  assert.deepEqual(await verified([], empty), Buffer.alloc(0));
});

const wrong: [title: string, chunks: Uint8Array[], reason: string][] = [
  ['other bytes of the same length', [Buffer.from(content.toString().toUpperCase())], 'blob-digest-mismatch'],
  ['fewer bytes', [content.subarray(1)], 'blob-size-mismatch'],
  ['no bytes', [], 'blob-size-mismatch'],
  ['more bytes', [content, Buffer.of(0)], 'blob-size-mismatch'],
];
for (const [title, chunks, reason] of wrong) {
  test(`verifyStream() errors on ${title}`, async () => {
    await assert.rejects(verified(chunks), (error) => error instanceof FailureError && error.failure.reason === reason);
  });
}

test('verifyStream() stops an endless stream at the first byte too many', async () => {
  let given = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        given++;
        yield Buffer.alloc(1000);
      }
    })(),
  );
  await assert.rejects(pipeline(endless, verifyStream(descriptor, 'the test').resume()), FailureError);
  assert.ok(given < 100, `${given} pieces were taken`);
});
