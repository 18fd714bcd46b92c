/** Outputs that cannot be finished: on a disk that is full, and of a cip that is killed. What was there before stays. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const exec = promisify(execFile);

interface Written {
  readonly output: string;
  /** What is there before, and stays: a file, a directory with a file, or nothing. */
  readonly before: 'file' | 'directory' | 'nothing';
}
const outputs: Readonly<Record<string, Written>> = {
  'an OCI layout': { output: 'type=oci,dest=out/it', before: 'file' },
  'a directory with an OCI layout': { output: 'type=oci,dest=out/it,tar=false', before: 'nothing' },
  'an archive for Docker': { output: 'type=docker,dest=out/it', before: 'file' },
  'a directory for Docker': { output: 'type=docker,dest=out/it,tar=false', before: 'nothing' },
  'a tar of files': { output: 'type=tar,dest=out/it', before: 'file' },
  'a directory of files': { output: 'out/it', before: 'nothing' },
  'a directory of files that is there': { output: 'out/it', before: 'directory' },
};

const setup = async (megabytes: number) =>
  await Rig.setup({
    files: {
      'c/Dockerfile': 'FROM scratch\nCOPY big old /\n',
      'c/big': randomBytes(megabytes << 20),
      'c/old': 'new\n',
    },
  });

async function prepare(rig: Rig, { before }: Written): Promise<void> {
  if (before === 'file') await writeFile(join(rig.project, 'out/it'), 'old\n');
  if (before === 'directory') await rig.write({ 'out/it/old': 'old\n' });
}

/** Whatever cip calls what is not finished. */
async function assertAsBefore(rig: Rig, { before }: Written): Promise<void> {
  const out = join(rig.project, 'out');
  const names = (await readdir(out)).filter((name) => !name.startsWith('.cip-'));
  assert.deepEqual(names, before === 'nothing' ? [] : ['it']);
  if (before === 'file') assert.equal(await readFile(join(out, 'it'), 'utf8'), 'old\n');
  if (before !== 'directory') return;
  const inside = (await readdir(join(out, 'it'))).filter((name) => !name.startsWith('.cip-'));
  assert.deepEqual(inside, ['old']);
  assert.equal(await readFile(join(out, 'it/old'), 'utf8'), 'old\n');
}

for (const [title, written] of Object.entries(outputs)) {
  test(
    `${title} on a full disk is a failure of the output, and leaves nothing`,
    needs('linux', 'root', 'user namespaces'),
    async () => {
      await using rig = await setup(4);
      const out = join(rig.project, 'out');
      await mkdir(out);
      await exec('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', out]);
      try {
        await prepare(rig, written);
        const { status, stderr } = await rig.cip('build-image', 'c', '-o', written.output);
        assert.deepEqual([complaintsIn(stderr), status], [['output-unwritable'], 2], stderr);
        await assertAsBefore(rig, written);
        const left = await readdir(out, { recursive: true });
        assert.deepEqual(
          left.filter((name) => name.includes('.cip-')),
          [],
        );
      } finally {
        await exec('umount', [out]);
      }
    },
  );

  test(`${title} is not there if cip is killed while it is written`, needs('linux', 'user namespaces'), async () => {
    await using rig = await setup(64);
    await mkdir(join(rig.project, 'out'));
    await prepare(rig, written);
    // The second time nothing but the output is to be made.
    assert.equal((await rig.cip('build-image', 'c', '-o', 'type=oci,dest=first')).status, 0);
    let kills = Promise.resolve();
    const { status } = await rig.cip('build-image', 'c', '-o', written.output, {
      onStart: (process) => {
        kills = (async () => {
          while (process.exitCode === null && !(await isBegun(join(rig.project, 'out')))) await delay(1);
          process.kill('SIGKILL');
        })();
      },
    });
    await kills;
    assert.equal(status, undefined, 'it was done before');
    await assertAsBefore(rig, written);
    const again = await rig.cip('build-image', 'c', '-o', written.output);
    assert.equal(again.status, 0, again.stderr);
    assert.ok((await stat(join(rig.project, 'out/it'))).isDirectory() === !/dest=out\/it$/.test(written.output));
  });
}

/** Whether something is written below a name of what is not finished. */
async function isBegun(out: string): Promise<boolean> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!path.includes('.cip-') || !entry.isFile()) continue;
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0) return true;
  }
  return false;
}
