/** Each layer of the table ends as it says, typed, and within a budget of processor time at every stage. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { decompress } from '../../src/layer/compression.ts';
import { parseIndex, serializeIndex } from '../../src/layer/index-codec.ts';
import { indexLayer } from '../../src/layer/index-layer.ts';
import { Tree } from '../../src/layer/tree.ts';
import { type UnpackOptions, unpackLayer } from '../../src/layer/unpack.ts';
import { failuresOf } from '../../src/result.ts';
import { readTar } from '../../src/tar/read.ts';
import { tempDir } from '../support/temp-dir.ts';
import { directory, file, signal } from './entries.ts';
import { type HostileLayer, LIMIT, sent } from './hostile-layers.ts';

/** Milliseconds of processor time for a stage of one layer: ten times what it takes, for slow machines. */
const budgets = { read: 4000, index: 8000, unpack: 30_000 };

/** Most of the time would go to the disk. */
const memory = '/dev/shm';

const lower = Tree.of([[directory('d'), ...Array.from({ length: 1000 }, (_, at) => file(`d/${at}`))]]);

const stages: readonly [stage: 'read' | 'index' | 'unpack', name: string, run: Stage][] = [
  ['read', 'readTar()', readAll],
  ['index', 'indexLayer() and Tree', indexAll],
  ['unpack', 'unpackLayer() for overlayfs', (layer, into) => unpackAll(layer, into, { whiteouts: 'overlay', lower })],
  ['unpack', 'unpackLayer() onto the layers below', (layer, into) => unpackAll(layer, into, { whiteouts: 'apply' })],
];

type Stage = (layer: Layer, into: string) => Promise<unknown>;
type Layer = Pick<HostileLayer, 'compression'> & { readonly bytes: Buffer };

/** Registers a test for the layer. */
export function testHostileLayer(hostile: HostileLayer): void {
  test(`a layer of ${hostile.title}`, async (t) => {
    const layer = { bytes: sent(hostile), compression: hostile.compression };
    assert.ok(layer.bytes.length <= LIMIT, `${layer.bytes.length} bytes are sent`);
    for (const [stage, name, run] of stages) {
      await t.test(name, async () => {
        await using temp = await tempDir(existsSync(memory) ? memory : undefined);
        const before = process.cpuUsage();
        const outcome = await outcomeOf(() => run(layer, temp.path));
        const { user, system } = process.cpuUsage(before);
        assert.equal(outcome, hostile[stage]);
        assert.ok((user + system) / 1000 < budgets[stage], `${(user + system) / 1000} ms of processor time`);
      });
    }
  });
}

async function outcomeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    assert.ok(failure.message.length < 1000, 'a message that nobody can read');
    return failure.reason;
  }
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

async function readAll({ bytes, compression }: Layer): Promise<void> {
  for await (const { body } of readTar(decompress(chunks(bytes), compression))) for await (const _ of body);
}

async function indexAll({ bytes, compression }: Layer): Promise<void> {
  const { index } = await indexLayer(chunks(bytes), { compression }, signal);
  const tree = lower.apply(index);
  for (const { path } of tree.walk()) tree.names(path);
  assert.deepEqual(parseIndex(serializeIndex(index)), { ok: true, value: index });
}

async function unpackAll(
  { bytes, compression }: Layer,
  into: string,
  whiteouts: { readonly whiteouts: 'overlay'; readonly lower: Tree } | { readonly whiteouts: 'apply' },
): Promise<void> {
  const options: UnpackOptions = { ...whiteouts, compression, owner: 'ignore', xattrs: 'apply' };
  await unpackLayer({ tar: chunks(bytes), into }, options, signal);
}
