/**
 * What is left of an overlay's upper directory is what unpacking its layer gives: over every change that a shell makes in
 * `diff-cases.ts`, each of them with what a step may do besides that is in no layer.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { upperDiff } from '../../src/layer/diff.ts';
import { clampMtimes, type LayerInput } from '../../src/layer/layer-input.ts';
import { trimUpper } from '../../src/layer/trim-upper.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { before, cases } from './diff-cases.ts';
import { onDisk } from './disk.ts';
import { signal } from './entries.ts';
import { only, packed } from './memory.ts';
import { mountOverlay } from './overlay.ts';

const overlays = needs('linux', 'root', 'mount', 'mknod');

/** In no layer, whatever else a step does: what is copied up and comes to be as it was, a time of a directory, a socket. */
const besides: Readonly<Record<string, string>> = {
  nothing: ':',
  'a mode that is the same': 'chmod 644 h1; chmod 1777 tmp',
  'a time of a directory': 'touch -d @1500000000 tmp',
  'what came and went': 'echo x > tmp/x; rm tmp/x',
  'a socket': `node -e "require('net').createServer().listen('tmp/s', () => process.exit())"`,
};

/** Those of which an upper directory says by an attribute that they are gone. */
const hidden = /made anew|the same, with a directory in it/;

async function trimmed(script: string, epoch?: number) {
  await using overlay = await mountOverlay(before);
  await using directory = await tempDir();
  execFileSync('sh', ['-ec', `umask 022; ${script}`], { cwd: overlay.merged });
  const changes = upperDiff(overlay, signal);
  const entries: LayerInput[] = [];
  for await (const entry of epoch === undefined ? changes : clampMtimes(changes, epoch)) entries.push(entry);
  const { bytes, index } = await packed(entries);
  const into = join(directory.path, 'unpacked');
  await mkdir(into);
  const how = { whiteouts: 'overlay', lower: overlay.lower, owner: 'preserve', xattrs: 'apply' } as const;
  await unpackLayer({ tar: only(bytes), into }, how, signal);
  const isUsable = trimUpper(overlay.upper, index);
  return { isUsable, left: onDisk(overlay.upper, { times: true }), unpacked: onDisk(into, { times: true }) };
}

for (const [title, script] of cases) {
  for (const [besidesTitle, more] of Object.entries(besides)) {
    test(`trimUpper() of ${title}, besides ${besidesTitle}`, overlays, async () => {
      const { isUsable, left, unpacked } = await trimmed(`${more}; ${script}`);
      assert.equal(isUsable, !hidden.test(title));
      if (isUsable) assert.deepEqual(left, unpacked);
    });
  }
  test(`trimUpper() of ${title}, with times that are clamped`, overlays, async () => {
    const { isUsable, left, unpacked } = await trimmed(script, 1_200_000_000);
    if (isUsable) assert.deepEqual(left, unpacked);
  });
}

test('trimUpper() leaves a directory its time, whatever was taken out of it', overlays, async () => {
  const { left, unpacked } = await trimmed('chmod 644 d/g; echo more >> d/f; touch -d @1500000000 d');
  assert.deepEqual(left, unpacked);
});
