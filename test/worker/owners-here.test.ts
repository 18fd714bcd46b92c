import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OwnersOptions, ownersHere } from '../../src/worker/owners-here.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { nobodyInParticular, personWithSubids, self } from './people.ts';

type Row = readonly [title: string, options: () => Partial<OwnersOptions>, want: { areKept: boolean; why?: string }];

/** Only what is mapped for real has to be done as whoever it is for. */
const rows: readonly Row[] = [
  ['root', () => ({}), { areKept: true }],
  ['root, without namespaces', () => ({ isolation: 'chroot' }), { areKept: true }],
  ['a user without ids', () => ({ user: nobodyInParticular }), { areKept: false, why: 'subuid-range-missing' }],
  [
    'a user whose ids cannot be mapped',
    // The process itself is root, and so newuidmap refuses to map for the other.
    () => ({ user: personWithSubids(), isolation: 'namespaces' }),
    { areKept: false, why: 'newuidmap-refused' },
  ],
];

for (const [title, options, want] of rows) {
  test(`ownersHere(): ${title}`, needs('linux', 'root', 'user namespaces', 'useradd', 'newuidmap'), async () => {
    await using dir = await tempDir();
    const env = { PATH: process.env['PATH']! };
    const found = await ownersHere({ isolation: 'auto', user: self, env, rootsDir: dir.path, ...options() });
    const why = found.why?.reason;
    assert.deepEqual({ areKept: found.areKept, ...(why !== undefined && { why }) }, want);
  });
}
