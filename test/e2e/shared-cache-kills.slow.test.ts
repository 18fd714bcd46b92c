/** `kill -9` of builds that share what they make, at moments spread over a run: others take what is whole, and miss the rest. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { busyboxFor } from '../support/fixtures.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const KILLS = 10;
const dockerfile = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'SHELL ["/bin/busybox", "sh", "-c"]',
  ...[1, 2, 3, 4].map((n) => `RUN /bin/busybox dd if=/dev/urandom of=/file-${n} bs=64k count=30 2>/dev/null`),
  '',
].join('\n');

for (const type of ['directory', 'registry'] as const)
  test(
    `a shared ${type}, and builds that are killed`,
    needs('linux', 'root', 'user namespaces', 'test/support/foreign-busybox.sh', 'docker-registry'),
    async () => {
      const busybox = await readFile(busyboxFor(process.arch === 'arm64' ? 'arm64' : 'amd64'));
      await using rig = await Rig.setup({ files: { 'c/Dockerfile': dockerfile, 'c/busybox': busybox } });
      await using temp = await tempDir();
      await using registry = await startDockerRegistry(temp.path);
      const directory = join(temp.path, 'cache');
      const [from, to] =
        type === 'directory'
          ? [`type=local,src=${directory}`, `type=local,dest=${directory}`]
          : [`${registry.host}/cache`, `${registry.host}/cache`];
      let machines = 0;
      const build = async (options: readonly string[], killAfter?: number) => {
        machines += 1;
        const store = join(temp.path, `store-${machines}`);
        let timer: NodeJS.Timeout | undefined;
        const outcome = await rig.cip('build-image', 'c', '--json', ...options, {
          env: { CIP_STORE: store },
          onStart: (child) => {
            if (killAfter !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), killAfter);
          },
        });
        clearTimeout(timer);
        return outcome;
      };
      const startedAt = performance.now();
      assert.equal((await build([])).status, 0);
      // The first half of a run is spent before anything is shared.
      const whole = (performance.now() - startedAt) * 1.3;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await build(['--cache-from', from, '--cache-to', to], (whole * (kill + 3)) / (KILLS + 3));
        if (type === 'directory') await verifyBlobs(directory);
      }
      const first = await build(['--cache-from', from, '--cache-to', to]);
      const second = await build(['--cache-from', from]);
      assert.deepEqual([first.status, second.status], [0, 0], first.stderr + second.stderr);
      assert.doesNotMatch(first.stderr + second.stderr, /cannot be used/);
      assert.equal(digestIn(second.stdout), digestIn(first.stdout));
    },
  );

function digestIn(text: string): string {
  return (JSON.parse(text) as { readonly digest: string }).digest;
}

/** Whatever has the name of a blob is that blob. */
async function verifyBlobs(directory: string): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256');
  for (const name of await readdir(blobs).catch(() => []))
    assert.equal(digestOf(await readFile(join(blobs, name))), `sha256:${name}`);
}
