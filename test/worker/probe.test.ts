import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FailureError } from '../../src/result.ts';
import { idMapRefused, noUserNamespaces, workerDied } from '../../src/worker/failure.ts';
import { kernelFact, probeMachine, tierOfFacts } from '../../src/worker/probe.ts';
import type { MachineFact } from '../../src/worker/protocol.ts';
import { isChrootTaken } from '../../src/worker/worker-builder.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { self } from './people.ts';

const kernels: [release: string, ok: MachineFact['ok']][] = [
  ['6.18.44-generic', 'yes'],
  ['6.7.0', 'yes'],
  ['7.0-rc1', 'yes'],
  ['6.6.99', 'partly'],
  ['5.11.0', 'partly'],
  ['4.18.0-553.el8', 'partly'],
];
for (const [release, ok] of kernels) {
  test(`kernelFact() of ${release}: ${ok}`, () => assert.equal(kernelFact(release).ok, ok));
}

const fact = (id: string, ok: MachineFact['ok'], fix?: string): MachineFact => ({ id, ok, detail: '', fix });
const tiers: [title: string, facts: readonly MachineFact[], ok: MachineFact['ok'], detail: RegExp][] = [
  [
    'a machine with everything',
    [fact('run', 'yes'), fact('isolation-network', 'yes')],
    'yes',
    /^namespaces, with a network/,
  ],
  [
    'a machine without a helper for networks',
    [fact('run', 'yes'), fact('isolation-network', 'partly', 'x')],
    'partly',
    /^namespaces, but .*\(isolation-network\): --require-isolation fails$/,
  ],
  ['a machine where nothing runs', [fact('run', 'no', 'x')], 'no', /^none: /],
  ['a machine without an overlay', [fact('overlay', 'partly', 'x'), fact('run', 'yes')], 'yes', /^namespaces, /],
];
for (const [title, facts, ok, detail] of tiers)
  test(`tierOfFacts() of ${title}`, () => {
    const tier = tierOfFacts(facts);
    assert.deepEqual([tier.id, tier.ok], ['tier', ok]);
    assert.match(tier.detail, detail);
  });

const signal = new AbortController().signal;

describe(
  'probeMachine()',
  needs('linux', 'root', 'user namespaces', 'private binfmt_misc', 'qemu-aarch64-static'),
  () => {
    test('tries everything, and leaves nothing', async () => {
      await using dir = await tempDir();
      const facts = await probeMachine({ dir: dir.path, user: self, env: { PATH: process.env['PATH']! } }, signal);
      const states = Object.fromEntries(facts.map(({ id, ok }) => [id, ok]));
      const yes = [
        'tool-unshare',
        'user-namespaces',
        'overlay',
        'sys',
        'run',
        'network-none',
        'isolation-seccomp',
        'isolation-nested-namespaces',
        'isolation-processes',
        'steps-host-name',
      ];
      for (const id of yes) assert.equal(states[id], 'yes', id);
      assert.deepEqual(facts[0], tierOfFacts(facts));
      assert.equal(states['emulation-amd64'] ?? states['emulation-arm64'], 'yes');
      assert.deepEqual(
        facts.filter(({ ok, fix }) => ok !== 'yes' && fix === undefined),
        [],
      );
      assert.deepEqual(readdirSync(dir.path), []);
    });

    test('abort ends it', async () => {
      await using dir = await tempDir();
      const reason = new Error('enough');
      const abort = new AbortController();
      setTimeout(() => abort.abort(reason), 100);
      const probing = probeMachine({ dir: dir.path, user: self, env: { PATH: process.env['PATH']! } }, abort.signal);
      await assert.rejects(probing, reason);
      assert.deepEqual(readdirSync(dir.path), []);
    });
  },
);

for (const [title, mounted, want] of [
  ['gets a chroot', undefined, /^chroot/],
  ['has no place for one where the store is mounted noexec', 'noexec', /^none/],
] as const)
  test(
    `root of a container that refuses namespaces ${title}, also as doctor says`,
    needs('linux', 'root', 'user namespaces'),
    async () => {
      await using dir = await tempDir();
      const [bin, store] = [join(dir.path, 'bin'), join(dir.path, 'store')];
      for (const one of [bin, store]) await mkdir(one);
      const refusing = '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n';
      await writeFile(join(bin, 'unshare'), refusing, { mode: 0o755 });
      if (mounted !== undefined) execFileSync('mount', ['-t', 'tmpfs', '-o', mounted, 'tmpfs', store]);
      try {
        const env = { PATH: `${bin}:${process.env['PATH']!}` };
        const [tier, ...facts] = await probeMachine({ dir: store, user: self, env, inContainer: true }, signal);
        assert.match(tier!.detail, want);
        assert.equal(facts.find(({ id }) => id === 'run')?.ok, mounted === undefined ? undefined : 'no');
      } finally {
        if (mounted !== undefined) execFileSync('umount', [store]);
      }
    },
  );

const failures: readonly [error: Error, isTaken: boolean][] = [
  [new FailureError(noUserNamespaces('', [])), true],
  [new FailureError(idMapRefused('', 'root')), true],
  [new FailureError(workerDied('exit status 1', '')), false],
  [new Error('a bug'), false],
];
for (const [error, isTaken] of failures)
  test(`isChrootTaken() after "${error.message}": ${isTaken}`, needs('linux', 'root'), async () => {
    await using dir = await tempDir();
    const env = { PATH: process.env['PATH']! };
    assert.equal(await isChrootTaken(error, { user: self, rootsDir: dir.path, env }), isTaken);
  });
