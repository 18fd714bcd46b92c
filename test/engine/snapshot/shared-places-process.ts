/**
 * Run inside a user and mount namespace with the name of a case: unpacks or makes a layer for one stack, and prints what
 * a root on another stack with the same layer shows, as JSON: each path with its mode and its attributes.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { OverlaySnapshotter } from '../../../src/engine/snapshot/overlay.ts';
import type { SnapshotLayer } from '../../../src/engine/snapshot/snapshot.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { Store } from '../../../src/store/store.ts';

const signal = new AbortController().signal;
const owned = { uid: 0, gid: 0, mtime: 1_000_000_000 };
const inDirectory = (path: string, mode = 0o755): LayerInput => ({ type: 'directory', path, ...owned, mode });
const file = (path: string, xattrs?: Readonly<Record<string, string>>): LayerInput => ({
  type: 'file',
  path,
  ...owned,
  mode: 0o644,
  size: 0,
  ...(xattrs && { xattrs }),
  open: () => Readable.from([], { objectMode: false }),
});

/** cap_net_raw, effective, in version 2. */
const capability = {
  'security.capability': Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64'),
};

class Place {
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** As another process has it: nothing is remembered. */
  layers(): Layers {
    return new Layers({
      store: this.store,
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      owners: { areKept: true, name: '' },
      makesDevices: false,
      gid: process.getgid!(),
      notice: () => {},
    });
  }

  commit(...entries: LayerInput[]): Promise<SnapshotLayer> {
    return this.layers().commit(entries, {}, signal);
  }

  async unpack(...stack: SnapshotLayer[]): Promise<void> {
    await this.layers().directories({ layers: stack }, signal);
  }

  /** What a step makes of a root on `stack`: its layer. */
  async step(stack: readonly SnapshotLayer[], change: (root: string) => Promise<unknown>): Promise<SnapshotLayer> {
    const snapshotter = new OverlaySnapshotter({ store: this.store, layers: this.layers() });
    await using active = await snapshotter.prepare({ layers: stack }, signal);
    await change(active.rootfs);
    return await snapshotter.commit(active, signal);
  }

  async shown(...stack: SnapshotLayer[]): Promise<readonly string[]> {
    const snapshotter = new OverlaySnapshotter({ store: this.store, layers: this.layers() });
    await using active = await snapshotter.prepare({ layers: stack }, signal);
    await mkdir(join(active.rootfs, 'new'));
    return await Promise.all(
      ['.', ...(await readdir(active.rootfs, { recursive: true }))].sort().map(async (path) => {
        const { mode, mtimeMs } = await stat(join(active.rootfs, path));
        const isFine = !['.', 'new'].includes(path) && mtimeMs % 1000 !== 0;
        const dump = ['--absolute-names', '--match=-', '--', path];
        const names = execFileSync('getfattr', dump, { cwd: active.rootfs, encoding: 'utf8' });
        const xattrs = names.split('\n').filter((line) => line !== '' && !/^# |^security\.selinux$/.test(line));
        return [path, (mode & 0o7777).toString(8), ...(isFine ? ['not a whole second'] : []), ...xattrs].join(' ');
      }),
    );
  }
}

const cases: Readonly<Record<string, (place: Place) => Promise<readonly string[]>>> = {
  async 'a directory that was moved into place'(place) {
    const below = await place.commit(inDirectory('opt'));
    const layer = await place.step([below], async (root) => {
      await mkdir(join(root, 'app'));
      await writeFile(join(root, 'app/f'), '');
      await rename(join(root, 'app'), join(root, 'opt/app'));
    });
    const other = await place.commit(inDirectory('opt'), inDirectory('opt/app'), file('opt/app/kept'));
    return place.shown(other, layer);
  },
  async 'a directory with an attribute that no layer has'(place) {
    const layer = await place.step([], async (root) => {
      await mkdir(join(root, 'd'));
      execFileSync('setfattr', ['-n', 'user.note', '-v', 'mine', join(root, 'd')]);
    });
    return place.shown(layer);
  },
  async 'a directory with a default ACL'(place) {
    const layer = await place.step([], async (root) => {
      await mkdir(join(root, 'd'));
      setDefaultAcl(join(root, 'd'));
    });
    return place.shown(layer);
  },
  async 'directories that the layer leaves out'(place) {
    const layer = await place.commit(file('d/f'));
    await place.unpack(await place.commit(inDirectory('d', 0o700)), layer);
    return place.shown(await place.commit(inDirectory('d', 0o711)), layer);
  },
  async 'a directory that the layer has itself'(place) {
    const layer = await place.commit(inDirectory('d', 0o711), file('d/f'));
    await place.unpack(await place.commit(inDirectory('d', 0o700)), layer);
    return place.shown(await place.commit(inDirectory('d', 0o700)), layer);
  },
  async 'a whiteout of what is not there'(place) {
    const layer = await place.commit({ type: 'whiteout', path: 'gone' }, file('kept'));
    await place.unpack(layer);
    return place.shown(await place.commit(file('gone')), layer);
  },
  async 'attributes that could not be set'(place) {
    const layer = await place.commit(file('ping', capability));
    await without(xattrPrograms, () => place.unpack(layer));
    return place.shown(layer);
  },
  async 'attributes of many layers that could not be set'(place) {
    const layer = await place.commit(file('ping', capability));
    const nothing = await place.commit();
    const many = [layer, ...Array.from({ length: 480 }, () => nothing)];
    await without(xattrPrograms, () => place.unpack(...many));
    return place.shown(...many);
  },
};

function setDefaultAcl(directory: string): void {
  // rwx for everybody. struct posix_acl_xattr_header and its entries, linux/posix_acl_xattr.h
  const acl = '0x02000000' + '01000700ffffffff' + '04000700ffffffff' + '20000700ffffffff';
  execFileSync('setfattr', ['-n', 'system.posix_acl_default', '-v', acl, directory]);
}

/** All that could set extended attributes. */
const xattrPrograms = ['setfattr', 'perl', 'python3'];

/** Runs `work` where some programs cannot be found, and all others that it needs can. */
async function without<T>(programs: readonly string[], work: () => Promise<T>): Promise<T> {
  const path = process.env['PATH']!;
  const bin = await mkdtemp(join(directory, 'bin-'));
  for (const place of path.split(delimiter)) {
    for (const name of await readdir(place).catch(() => [])) {
      if (!programs.includes(name)) execFileSync('ln', ['-sf', join(place, name), bin]);
    }
  }
  process.env['PATH'] = bin;
  try {
    return await work();
  } finally {
    process.env['PATH'] = path;
  }
}

const [title = ''] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'cip-test-'));
// What a store is made in hands these on to all directories of it.
await chmod(directory, 0o2755);
setDefaultAcl(directory);
const store = await Store.open(join(directory, 'store'));
try {
  process.stdout.write(JSON.stringify(await cases[title]!(new Place(store))));
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
