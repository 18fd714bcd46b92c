/**
 * Run inside a user and mount namespace: opens a store on a file system that is not like others, and prints what comes of the case
 * of its argument, as JSON: `overlay`, where the kernel lets nobody make whiteouts, `ramfs`, which keeps no attributes, or `tmpfs`, which reads
 * directories in the order in which files were made in them.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, opendir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { OverlaySnapshotter } from '../../../src/engine/snapshot/overlay.ts';
import { type Snapshot, scratch } from '../../../src/engine/snapshot/snapshot.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { removeTree } from '../../../src/remove-tree.ts';
import { FailureError } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';

const signal = new AbortController().signal;
const owned = { mode: 0o755, uid: 0, gid: 0, mtime: 1_000_000_000 };
const directory = (path: string): LayerInput => ({ type: 'directory', path, ...owned });
const whiteout = (path: string): LayerInput => ({ type: 'whiteout', path });
const file = (path: string): LayerInput => ({
  type: 'file',
  path,
  ...owned,
  size: path.length,
  open: () => Readable.from([Buffer.from(path)], { objectMode: false }),
});

const below = [directory('d'), file('d/gone'), file('d/kept')];
const removing = [directory('d'), file('d/new'), whiteout('d/gone')];

const [kind, title] = process.argv.slice(2) as ['overlay' | 'ramfs' | 'tmpfs' | 'disk', string];
const place = await mkdtemp(join(tmpdir(), 'cip-test-'));
for (const name of ['lower', 'upper', 'work', 'store']) await mkdir(join(place, name));
const mounts = {
  overlay: ['-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work,userxattr', 'store'],
  ramfs: ['-t', 'ramfs', 'ramfs', 'store'],
  tmpfs: ['-t', 'tmpfs', 'tmpfs', 'store'],
  disk: ['--bind', 'store', 'store'],
};
execFileSync('mount', mounts[kind], { cwd: place });

/** Each in a run of its own. */
async function inStore<T>(work: (layers: Layers, store: Store) => Promise<T>, name = 'of-cip'): Promise<T> {
  const store = await Store.open(join(place, 'store', name));
  try {
    return await work(
      new Layers({
        store,
        fetch: () => Promise.reject(new Error('nothing is fetched here')),
        owners: { areKept: true, name: '' },
        makesDevices: false,
        gid: process.getgid!(),
        notice: () => {},
      }),
      store,
    );
  } finally {
    await store.close();
  }
}

const cases: Readonly<Record<string, () => Promise<unknown>>> = {
  'a file of a layer that removes others is read': () =>
    inStore(async (layers) => {
      const snapshot = await stackOf(layers, below, removing);
      return [await textOf(layers, snapshot, 'd/new'), await textOf(layers, snapshot, 'd/kept')];
    }),
  'what one run has unpacked is there for the next': async () => {
    const snapshot = await inStore((layers) => stackOf(layers, below, removing));
    const paths = [];
    for (const _ of [1, 2]) paths.push(await inStore((layers) => layers.diskPath(snapshot, 'd/new', signal)));
    return new Set(paths).size;
  },
  'layers that remove nothing are unpacked as everywhere': () =>
    inStore(async (layers) => {
      const snapshot = await stackOf(layers, below);
      return (await layers.directories(snapshot, signal)).map((path) => /2-[a-z-]*/.exec(path)?.[0]);
    }),
  'what cannot hide anything is not mounted': () =>
    inStore(async (layers) => {
      const snapshot = await stackOf(layers, below, removing);
      return await reasonOf(layers.directories(snapshot, signal));
    }),
  'how many orders a next step finds files in that were made in three': async () => {
    const found = new Set<string>();
    for (const names of ['abcdefg', 'gfedcba', 'egacbfd']) found.add(await inStore(namesAfter(names), names));
    return found.size;
  },
  'a rehearsal of what steps do': () =>
    inStore((layers, store) => reasonOf(new OverlaySnapshotter({ store, layers }).rehearse())),
};

/** Names as a step reads them, of files that the step before made in the order of `names`. */
function namesAfter(names: string) {
  return async (layers: Layers, store: Store): Promise<string> => {
    const snapshotter = new OverlaySnapshotter({ store, layers });
    const active = await snapshotter.prepare(scratch, signal);
    await mkdir(join(active.rootfs, 'd'));
    for (const name of names) await mkdir(join(active.rootfs, 'd', name));
    const layer = await snapshotter.commit(active, signal);
    await using next = await snapshotter.prepare({ layers: [layer] }, signal);
    let read = '';
    for await (const { name } of await opendir(join(next.rootfs, 'd'))) read += name;
    return read;
  };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof FailureError) return error.failure.reason;
    throw error;
  }
}

async function stackOf(layers: Layers, ...all: readonly (readonly LayerInput[])[]): Promise<Snapshot> {
  let snapshot = scratch;
  for (const entries of all) snapshot = { layers: [...snapshot.layers, await layers.commit(entries, {}, signal)] };
  return snapshot;
}

async function textOf(layers: Layers, snapshot: Snapshot, path: string): Promise<string> {
  return await readFile(await layers.diskPath(snapshot, path, signal), 'utf8');
}

try {
  console.log(JSON.stringify(await cases[title]!()));
} finally {
  execFileSync('umount', ['--lazy', join(place, 'store')]);
  await removeTree(place);
}
