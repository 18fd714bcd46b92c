import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { onDisk } from './disk.ts';
import { input, whiteout } from './entries.ts';
import { packed } from './memory.ts';

const program = join(import.meta.dirname, `unpack-alone${import.meta.filename.endsWith('.ts') ? '.ts' : '.js'}`);

test(
  'unpackLayer() in a user namespace makes whiteouts and FIFOs, and says which devices it may not make',
  needs('user namespaces', 'mknod'),
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
    const args = [
      '-Ur',
      process.execPath,
      ...process.execArgv.filter((arg) => !arg.startsWith('--test')),
      program,
      dir.path,
    ];
    const printed = execFileSync('unshare', args, { input: bytes }).toString();
    assert.deepEqual(JSON.parse(printed), { devicesSkipped: ['disk', 'null'], xattrsSkipped: [] });
    const me = `${process.getuid!()}:${process.getgid!()}`;
    assert.deepEqual(onDisk(dir.path, { times: true }), {
      f: `f 4755 ${me} 0 x`,
      gone: 'whiteout',
      old: 'whiteout',
      pipe: `p 600 ${me} 7`,
    });
  },
);
