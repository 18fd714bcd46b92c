/**
 * Run inside a user and mount namespace with the name of a case: opens a root on a layer, does what another step or
 * another cip may do to that layer meanwhile, and prints what the root shows and what is committed of it, as JSON.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { OverlaySnapshotter } from '../../../src/engine/snapshot/overlay.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import { FailureError } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';

const signal = new AbortController().signal;
const owned = { mode: 0o755, uid: 0, gid: 0, mtime: 1_000_000_000 };

function layersOf(store: Store): Layers {
  return new Layers({
    store,
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    owners: { areKept: true, name: '' },
    makesDevices: false,
    gid: process.getgid!(),
    notice: () => {},
  });
}

interface InUse {
  readonly store: Store;
  readonly layers: Layers;
  readonly base: Snapshot;
}

async function changeNothing({ store, layers, base }: InUse): Promise<void> {
  const snapshotter = new OverlaySnapshotter({ store, layers });
  await using other = await snapshotter.prepare(base, signal);
  await snapshotter.commit(other, signal);
}

const meanwhile: Readonly<Record<string, (inUse: InUse) => Promise<void>>> = {
  'a step that changes nothing either': changeNothing,
  'the same, of another process': async (inUse) => changeNothing({ ...inUse, layers: layersOf(inUse.store) }),
  'somebody removes what is unpacked': ({ store }) => rm(store.paths.snapshots, { recursive: true }),
};

const directory = await mkdtemp(join(tmpdir(), 'cip-test-'));
const store = await Store.open(join(directory, 'store'));
try {
  const layers = layersOf(store);
  const snapshotter = new OverlaySnapshotter({ store, layers });
  const made = await layers.commit([{ type: 'directory', path: 'd', ...owned }], {}, signal);
  const base: Snapshot = { layers: [made] };
  const nothing = await layers.commit([], {}, signal);
  await using active = await snapshotter.prepare({ layers: [...base.layers, nothing] }, signal);
  await meanwhile[process.argv[2] ?? '']!({ store, layers, base });
  const shown = await readdir(active.rootfs);
  const changes = await snapshotter.commit(active, signal).then(
    (layer) => (layer.diffID === nothing.diffID ? 'nothing' : 'something'),
    (error: unknown) => (error instanceof FailureError ? error.failure.reason : String(error)),
  );
  process.stdout.write(JSON.stringify({ shown, changes }));
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
