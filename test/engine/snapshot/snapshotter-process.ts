/**
 * Run inside a user and mount namespace: makes a base layer, changes a root made of it by each snapshotter in turn, and
 * prints what each committed, as JSON.
 */
import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CopySnapshotter } from '../../../src/engine/snapshot/copy.ts';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { OverlaySnapshotter } from '../../../src/engine/snapshot/overlay.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { Store } from '../../../src/store/store.ts';

const signal = new AbortController().signal;
const owned = { mode: 0o755, uid: 0, gid: 0, mtime: 1_000_000_000 };

const file = (path: string, text: string): LayerInput => {
  const bytes = Buffer.from(text);
  return {
    type: 'file',
    path,
    ...owned,
    mode: 0o644,
    size: bytes.length,
    open: () => Readable.from([bytes], { objectMode: false }),
  };
};

const base: LayerInput[] = [
  { type: 'directory', path: 'd', ...owned },
  file('d/gone', 'gone'),
  file('d/kept', 'kept'),
  { type: 'directory', path: 'made-anew', ...owned },
  file('made-anew/old', 'old'),
  file('changed', 'before'),
  file('mode', 'mode'),
  file('touched', 'same'),
  { type: 'directory', path: 'tree', ...owned },
  file('tree/f', 'f'),
];

/** What a RUN might do. Times are set, so that both roots end up alike. */
async function change(root: string): Promise<void> {
  const at = (path: string) => join(root, path);
  await rm(at('d/gone'));
  await rm(at('made-anew'), { recursive: true });
  await mkdir(at('made-anew'));
  await writeFile(at('made-anew/new'), 'new');
  await writeFile(at('changed'), 'after');
  await chmod(at('mode'), 0o600);
  await utimes(at('touched'), owned.mtime, owned.mtime);
  await rm(at('tree'), { recursive: true });
  await writeFile(at('tree'), 'a file now');
  await writeFile(at('first'), 'linked');
  await link(at('first'), at('second'));
  await symlink('first', at('third'));
  await rename(at('third'), at('d/third'));
  for (const path of ['changed', 'first', 'tree', 'made-anew/new', 'mode', 'made-anew', 'd']) {
    await utimes(at(path), owned.mtime, owned.mtime + 1);
  }
}

const directory = await mkdtemp(join(tmpdir(), 'cip-test-'));
const store = await Store.open(join(directory, 'store'));
try {
  const layers = new Layers({
    store,
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    owners: { areKept: true, name: '' },
    makesDevices: false,
    gid: process.getgid!(),
    notice: () => {},
  });
  const parent: Snapshot = { layers: [await layers.commit(base, {}, signal)] };
  const results = [];
  for (const snapshotter of [new OverlaySnapshotter({ store, layers }), new CopySnapshotter({ store, layers })]) {
    const active = await snapshotter.prepare(parent, signal);
    await change(active.rootfs);
    const layer = await snapshotter.commit(active, signal);
    const above = await layers.tree({ layers: [...parent.layers, layer] }, signal);
    const index = JSON.parse(
      JSON.stringify(await store.indexes.get(layer.diffID.slice('sha256:'.length)).then(String)),
    );
    // A second root on what was just committed sees what the first one left.
    await using next = await snapshotter.prepare({ layers: [...parent.layers, layer] }, signal);
    results.push({
      name: snapshotter.name,
      index,
      tree: [...above.walk()].map(({ path }) => path),
      rootfs: next.rootfs !== '',
    });
  }
  process.stdout.write(JSON.stringify(results));
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
