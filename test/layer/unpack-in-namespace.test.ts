import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { onDisk } from './disk.ts';
import { input, whiteout } from './entries.ts';
import { packed } from './memory.ts';

const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
const at = (path: string) => JSON.stringify(import.meta.resolve(`../../src/layer/${path}.${extension}`));

/** Unpacks the layer on stdin into the directory of its argument, and prints what was left out. */
const program = `
  const { Tree } = await import(${at('tree')});
  const { unpackLayer } = await import(${at('unpack')});
  const plain = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, digest: 'sha256:' + '0'.repeat(64) };
  const lower = Tree.of([[{ ...plain, path: 'gone' }, { ...plain, path: 'old' }, { ...plain, path: 'null' }]]);
  const options = { whiteouts: 'overlay', lower, owner: 'preserve', xattrs: 'apply' };
  const { signal } = new AbortController();
  const { devicesSkipped, xattrsSkipped } = await unpackLayer({ tar: process.stdin, into: process.argv[1] }, options, signal);
  console.log(JSON.stringify({ devicesSkipped, xattrsSkipped }));
`;

test(
  'unpackLayer() in a user namespace makes whiteouts and FIFOs, says which devices it may not make, and hides what they replace',
  needs('user namespaces', 'mknod', 'setfattr'),
  async () => {
    await using dir = await tempDir();
    const owned = { mode: 0o600, uid: 0, gid: 0, mtime: 7 };
    const { bytes } = await packed([
      { type: 'block-device', path: 'disk', ...owned, major: 8, minor: 0 },
      input('f', 'x', { mode: 0o4755, xattrs: { 'user.a': 'YQ==' } }),
      whiteout('gone'),
      { type: 'char-device', path: 'null', ...owned, major: 1, minor: 3 },
      whiteout('old'),
      { type: 'fifo', path: 'pipe', ...owned },
    ]);
    const options = process.execArgv.filter((arg) => !arg.startsWith('--test'));
    const node = [process.execPath, ...options, '--input-type=module', '-e', program, dir.path];
    const printed = execFileSync('unshare', ['-Ur', ...node], { input: bytes }).toString();
    assert.deepEqual(JSON.parse(printed), { devicesSkipped: ['disk', 'null'], xattrsSkipped: [] });
    const me = `${process.getuid!()}:${process.getgid!()}`;
    assert.deepEqual(onDisk(dir.path, { times: true }), {
      f: `f 4755 ${me} 0 x`,
      gone: 'whiteout',
      null: 'whiteout',
      old: 'whiteout',
      pipe: `p 600 ${me} 7`,
    });
  },
);
