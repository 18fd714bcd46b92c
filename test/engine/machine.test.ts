import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EngineOptions } from '../../src/engine/engine-options.ts';
import { findTools } from '../../src/engine/executor/tools.ts';
import { Machine } from '../../src/engine/machine.ts';
import { Layers } from '../../src/engine/snapshot/layers.ts';
import { failuresOf } from '../../src/result.ts';
import { Store } from '../../src/store/store.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const live = new AbortController().signal;
const ended = AbortSignal.abort(new Error('the build has ended'));

async function withMachine(
  changed: Partial<EngineOptions>,
  act: (machine: Machine, notices: string[]) => Promise<void>,
) {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const notices: string[] = [];
  const notice = (message: string) => void notices.push(message);
  const layers = new Layers({
    store,
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    owners: { areKept: false, name: '' },
    makesDevices: false,
    gid: process.getgid!(),
    notice,
  });
  const options: EngineOptions = {
    storeDir: store.paths.root,
    sessionDir: temp.path,
    registry: { insecureRegistries: [], retries: 0, timeoutMs: 1000, userAgent: 'test', env: {} },
    tier: 'none',
    isolation: 'chroot',
    emulators: {},
    tools: await findTools(process.env['PATH']!),
    concurrency: 1,
    env: {},
    ...changed,
  };
  await act(new Machine({ options, store, layers, notice }), notices);
}

test('an executor is made once for all that ask, and its limits are told once', needs('linux', 'unshare'), () =>
  withMachine({}, async (machine, notices) => {
    const [one, other] = await Promise.all([machine.executor(live), machine.executor(live)]);
    assert.equal(one, other);
    assert.equal(one.name, 'chroot');
    assert.equal(notices.length, 1);
  }),
);

test('a build that has ended does not keep the others from an executor', needs('linux', 'unshare'), () =>
  withMachine({}, async (machine) => {
    const [first, second] = await Promise.allSettled([machine.executor(ended), machine.executor(live)]);
    assert.equal(first.status, 'rejected');
    assert.equal(second.status, 'fulfilled');
    assert.equal((await machine.executor(live)).name, 'chroot');
  }),
);

test('where a step must be kept apart from everything, limits are a failure', needs('linux', 'unshare'), () =>
  withMachine({ requireIsolation: true }, async (machine) => {
    await assert.rejects(machine.executor(live), (error) => failuresOf(error)?.[0]?.reason === 'isolation-limited');
  }),
);

test('in a chroot roots are copies, which is no notice of its own', needs('linux', 'unshare', 'root'), () =>
  withMachine({}, async (machine, notices) => {
    assert.equal((await machine.snapshotter()).name, 'copy');
    assert.deepEqual(notices, []);
  }),
);
