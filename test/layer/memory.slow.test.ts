import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { gzip } from '../../src/layer/gzip.ts';
import { indexLayer } from '../../src/layer/index-layer.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { tempDir } from '../support/temp-dir.ts';
import { input, signal } from './entries.ts';

const MiB = 1024 * 1024;
const SIZE = 300 * MiB;

/** Hardly compressible in places, zeros in others. */
function generated(): Readable {
  const seed = createHash('sha512').digest();
  const noise = Buffer.concat(
    Array.from({ length: 1024 }, (_, at) => createHash('sha512').update(seed).update(String(at)).digest()),
  );
  const chunks = function* () {
    for (let written = 0; written < SIZE; written += noise.length)
      yield (written / noise.length) % 8 === 0 ? noise : Buffer.alloc(noise.length);
  };
  return Readable.from(chunks(), { objectMode: false });
}

/** The most that memory grew while `act` ran, in bytes. */
async function growth(act: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

test('a file of 300 MiB is packed, compressed, indexed and unpacked in little memory', async () => {
  await using dir = await tempDir();
  const [tar, blob] = [join(dir.path, 'layer.tar'), join(dir.path, 'layer.tar.gz')];
  const big = { ...input('big'), size: SIZE, open: generated };
  const grown: Record<string, number> = {};
  let diffID: string | undefined;
  grown['pack'] = await growth(async () => {
    ({ diffID } = await packLayer([big], createWriteStream(tar), signal));
  });
  grown['gzip'] = await growth(() => pipeline(createReadStream(tar), gzip, createWriteStream(blob)));
  grown['index'] = await growth(async () => {
    const indexed = await indexLayer(createReadStream(blob), { compression: 'gzip' }, signal);
    assert.equal(indexed.diffID, diffID);
  });
  grown['unpack'] = await growth(() =>
    unpackLayer(
      { tar: createReadStream(blob), into: dir.path },
      { whiteouts: 'overlay', lower: Tree.empty, owner: 'ignore', xattrs: 'skip', compression: 'gzip' },
      signal,
    ),
  );
  assert.equal((await stat(join(dir.path, 'big'))).size, SIZE);
  for (const [step, bytes] of Object.entries(grown))
    assert.ok(bytes < 100 * MiB, `${step} took ${Math.round(bytes / MiB)} MiB`);
});
