/** Where device nodes cannot be unpacked, what a step does to those of its base is lost: that is said, once. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { type Snapshot, scratch } from '../../../src/engine/snapshot/snapshot.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const signal = new AbortController().signal;
const owned = { uid: 0, gid: 0, mode: 0o644, mtime: 0 };
const device = (path: string): LayerInput => ({ type: 'char-device', path, ...owned, major: 1, minor: 3 });
const directory = (path: string): LayerInput => ({ type: 'directory', path, ...owned, mode: 0o755 });
const whiteout = (path: string): LayerInput => ({ type: 'whiteout', path });

const rows: readonly (readonly [title: string, layers: readonly (readonly LayerInput[])[], want: readonly string[]])[] =
  [
    ['no devices', [[directory('a')]], []],
    ['one', [[device('null')]], ['/null']],
    ['several', [[device('a'), device('b')], [device('c')]], ['/a and 2 more']],
    ['those that steps see their own in place of', [[directory('dev'), device('dev/null')]], []],
    ['one that a layer above removes', [[device('null')], [whiteout('null')]], []],
    ['one that a layer above replaces', [[device('null')], [directory('null')]], []],
    ['one below a directory that is removed', [[directory('a'), device('a/null')], [whiteout('a')]], []],
  ];

for (const makesDevices of [false, true]) {
  for (const [title, layers, want] of rows) {
    test(`devices that steps do not see, ${makesDevices ? 'where they do' : 'where they cannot'}: ${title}`, async () => {
      await using temp = await tempDir();
      const store = await Store.open(join(temp.path, 'store'));
      try {
        const said: string[] = [];
        const contents = new Layers({
          store,
          fetch: () => Promise.reject(new Error('nothing is fetched here')),
          owners: { areKept: true, name: '' },
          makesDevices,
          gid: process.getgid!(),
          notice: (message) => said.push(message),
        });
        let snapshot: Snapshot = scratch;
        for (const entries of layers)
          snapshot = { layers: [...snapshot.layers, await contents.commit(entries, {}, signal)] };
        await contents.diffOptions(snapshot, signal);
        await contents.diffOptions(snapshot, signal);
        const named = said.map((message) => /\((.*?)\)/.exec(message)?.[1]);
        assert.deepEqual(named, makesDevices ? [] : want);
      } finally {
        await store.close();
      }
    });
  }
}
