/**
 * `kill -9` of cip while it writes an output: what was there is there, or all that is to be there; and the next run that writes to that place
 * leaves nothing else. CIP_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, watch } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatProcessIdentity, thisProcess } from '../../src/store/process-identity.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { treeOf } from '../support/tree-of.ts';

const kills = 2;
/** Between 0 and 1, the same for the same seed. */
const seed = Number(process.env['CIP_TEST_SEED'] ?? Date.now() % 2 ** 31);
const at = (round: string) =>
  Number.parseInt(createHash('sha1').update(`${seed} ${round}`).digest('hex').slice(0, 6), 16) / 0xffffff;

/** Options, and what is there before: nothing, a file or a directory with a file in it. Whether what is there then is one of the two, or all of both. */
const outputs: Readonly<
  Record<string, { readonly type: string; readonly before?: 'file' | 'directory'; readonly isMerged?: boolean }>
> = {
  'a layout in a tar': { type: 'type=oci,dest=out/x', before: 'file' },
  'a layout in a directory': { type: 'type=oci,tar=false,dest=out/x' },
  'a tar for Docker': { type: 'type=docker,dest=out/x', before: 'file' },
  'files in a tar': { type: 'type=tar,dest=out/x' },
  'files in a new directory': { type: 'type=local,dest=out/x' },
  'files beside others': { type: 'type=local,dest=out/x', before: 'directory', isMerged: true },
  'files in the place of others': { type: 'type=local,mode=delete,dest=out/x', before: 'directory', isMerged: true },
};

const files = {
  Dockerfile: `FROM scratch\nCOPY big /big\n${Array.from({ length: 30 }, (_, i) => `COPY small /d/${i}/`).join('\n')}\n`,
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`small/${i}`, `${i}`])),
};

async function shown(path: string): Promise<string> {
  if (!existsSync(path)) return 'nothing';
  const tree = await treeOf(path).catch(() => undefined);
  return tree === undefined
    ? createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    : JSON.stringify(tree);
}

const ofDead = `.cip-${formatProcessIdentity({ ...thisProcess(), pid: spawnSync('true').pid })}-0123abcd`;

const unfinished = (directory: string) =>
  readdirSync(directory, { recursive: true }).filter((name) => `${name}`.includes('.cip-'));

for (const [what, { type, before, isMerged = false }] of Object.entries(outputs)) {
  test(
    `a killed output, ${what}, is whole or not there, and nothing of it stays`,
    needs('linux', 'user namespaces'),
    async (t) => {
      t.diagnostic(`CIP_TEST_SEED=${seed}`);
      await using rig = await Rig.setup({ files });
      await writeFile(join(rig.project, 'big'), randomBytes(30_000_000));
      const built = await rig.cip('build-image', '.', '-t', 'image');
      assert.equal(built.status, 0, built.stderr);
      const out = join(rig.project, 'out');
      const path = join(out, 'x');
      const lay = async () => {
        await rm(out, { recursive: true, force: true });
        await mkdir(out);
        if (before === 'file') await writeFile(path, 'before');
        if (before === 'directory') await mkdir(path);
        if (before === 'directory') await writeFile(join(path, 'before'), 'before');
      };
      const write = (onStart?: (child: { kill: (signal: 'SIGKILL') => boolean }) => void) =>
        rig.cip('build-image', '.', '-o', type, ...(onStart === undefined ? [] : [{ onStart }]));
      await lay();
      const there = await shown(path);
      const good = await write();
      assert.equal(good.status, 0, good.stderr);
      const wanted = await shown(path);
      let left = 0;
      for (let round = 0; round < kills; round += 1) {
        await lay();
        // Once it has begun to write there, or has tried whether it can.
        const begun = watch(isMerged ? path : out);
        const end = write((child) => {
          let seen = 0;
          begun.on('change', () => {
            seen += 1;
            if (seen === 1 + (round % 3)) setTimeout(() => child.kill('SIGKILL'), 80 * at(`${what} ${round}`) ** 2);
          });
        });
        await end.finally(() => begun.close());
        left += unfinished(out).length;
        if (!isMerged) assert.ok([there, wanted].includes(await shown(path)), `round ${round}`);
        if (isMerged && !type.includes('delete')) assert.equal(await readFile(join(path, 'before'), 'utf8'), 'before');
        // However this one was killed, another may have been killed in the middle.
        await mkdir(join(isMerged ? path : out, ofDead));
        const again = await write();
        if (again.status !== 0 && /output-exists/.test(again.stderr)) {
          await rm(path, { recursive: true });
          assert.equal((await write()).status, 0);
        } else assert.equal(again.status, 0, again.stderr);
        assert.equal(await shown(path), wanted, `round ${round}`);
        assert.deepEqual(unfinished(out), [], `round ${round}`);
      }
      t.diagnostic(`${left} unfinished outputs were left behind`);
    },
  );
}
