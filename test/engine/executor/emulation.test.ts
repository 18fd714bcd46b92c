import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { elfTargets, isDynamic, tinyProgram } from '../../../src/engine/executor/elf.ts';
import { BinfmtEmulation, findEmulators } from '../../../src/engine/executor/emulation.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import type { FailureError } from '../../../src/result.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const host = hostPlatform(process.arch).architecture;
const signal = new AbortController().signal;
/** Nothing but its beginning, which says that it wants a loader. */
const dynamic = (() => {
  const program = tinyProgram(elfTargets[host]!, elfTargets[host]!.exit);
  program.writeUInt32LE(3, 64);
  return program;
})();

test('isDynamic() tells programs that need a loader from those that do not', () => {
  for (const { exit, ...target } of Object.values(elfTargets))
    assert.equal(isDynamic(tinyProgram(target, exit)), false);
  assert.equal(isDynamic(dynamic), true);
  assert.equal(isDynamic(Buffer.from(`#!/bin/sh\n${' '.repeat(100)}`)), undefined);
  assert.equal(isDynamic(Buffer.alloc(3)), undefined);
});

for (const [architecture, { qemu, exit, ...target }] of Object.entries(elfTargets)) {
  if (architecture === host) continue;
  const options = needs(`qemu-${qemu}-static`);
  test(`the smallest program for ${architecture} ends with 0`, options, async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'exit');
    writeFileSync(file, tinyProgram(target, exit), { mode: 0o755 });
    const { spawnSync } = await import('node:child_process');
    assert.equal(spawnSync(`qemu-${qemu}-static`, [file]).status, 0);
  });
}

test('findEmulators() takes a static one before a dynamic one of another name', async () => {
  await using dir = await tempDir();
  const write = (name: string, bytes: Buffer) => {
    writeFileSync(join(dir.path, name), bytes);
    chmodSync(join(dir.path, name), 0o755);
  };
  const foreign = host === 's390x' ? 'riscv64' : 's390x';
  const { qemu } = elfTargets[foreign]!;
  write(`qemu-${qemu}-static`, dynamic);
  assert.equal((await findEmulators(dir.path))[foreign], join(dir.path, `qemu-${qemu}-static`));
  write(`qemu-${qemu}`, tinyProgram(elfTargets[host]!, elfTargets[host]!.exit));
  const found = (await findEmulators(dir.path))[foreign]!;
  assert.deepEqual(isDynamic(readFileSync(found)), false);
});

const refused: [title: string, emulators: Record<string, string>, ownUserNamespace: boolean, reason: string][] = [
  ['no emulator', {}, true, 'emulation-unavailable'],
  ['a dynamic emulator', { s390x: 'dynamic' }, true, 'emulator-not-static'],
  [
    'no namespace to register it in: that of the machine is left alone',
    { s390x: 'static' },
    false,
    'emulation-unavailable',
  ],
];
for (const [title, names, ownUserNamespace, reason] of refused) {
  const options = host === 's390x' ? { skip: 's390x is not foreign here' } : needs('linux', 'root');
  test(`BinfmtEmulation refuses ${title}`, options, async (t) => {
    await using dir = await tempDir();
    writeFileSync(join(dir.path, 'dynamic'), dynamic);
    writeFileSync(join(dir.path, 'static'), tinyProgram(elfTargets[host]!, elfTargets[host]!.exit));
    const emulation = new BinfmtEmulation({
      dir: dir.path,
      tools: { unshare: '/usr/bin/unshare', mount: '/usr/bin/false' },
      emulators: Object.fromEntries(Object.entries(names).map(([name, file]) => [name, join(dir.path, file)])),
      hostArchitecture: host,
      ownUserNamespace,
    });
    const platform = { os: 'linux', architecture: 's390x' };
    const answer = await emulation.ensure(platform, signal).then(
      () => 'runs',
      (error: FailureError) => error.failure.reason,
    );
    if (answer === 'runs') t.skip('this machine runs s390x by itself');
    else assert.equal(answer, reason);
  });
}
