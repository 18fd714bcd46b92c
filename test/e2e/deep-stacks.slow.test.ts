/**
 * Bases of more layers than overlayfs stacks: a step on top sees what all of them come to, and leaves one layer more.
 * Each layer writes its number over that of the one below, adds a file, and removes the file of the layer two below.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ServedLayer, serveImages } from '../support/image-server.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { readAll, tarOf } from '../tar/archive.ts';

/** busybox, and layers above it. */
async function deepImage(count: number): Promise<ServedLayer[]> {
  const layers = [await tarOf({ name: 'bin/busybox', mode: 0o755, content: await readFile('/bin/busybox') })];
  for (let at = 1; at < count; at += 1) {
    layers.push(
      await tarOf(
        { name: 'number', content: `${at}\n` },
        { name: `d/${at}`, content: `${at}\n` },
        ...(at > 2 ? [{ name: `d/.wh.${at - 2}` }] : []),
        // What is opaque is unpacked for its own stack.
        ...(at % 500 === 7 ? [{ name: 'o/.wh..wh..opq' }] : []),
        { name: `o/${at}` },
      ),
    );
  }
  return layers.map((bytes) => ({ bytes, compression: 'none' }));
}

for (const count of [601, 3001]) {
  test(`a RUN on a base of ${count} layers`, needs('busybox', 'user namespaces'), async () => {
    await using registry = await serveImages({ deep: await deepImage(count) });
    const last = count - 1;
    const sinceOpaque = ((last - 7) % 500) + 1;
    await using rig = await Rig.setup({
      files: {
        'contexts/00-image/info.edn': '{:version "1.0.0"}\n',
        'contexts/00-image/Dockerfile': [
          `FROM ${registry.address}/deep:1`,
          'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat number > out; /bin/busybox ls d >> out; /bin/busybox ls o | /bin/busybox wc -l >> out"]',
          'RUN ["/bin/busybox", "rm", "-r", "d", "o"]',
          'FROM scratch',
          'COPY --from=0 /out /number /',
          '',
        ].join('\n'),
      },
    });
    const { status, stderr } = await rig.cip('build', '--progress=plain');
    assert.equal(status, 0, stderr);
    const expected = `${last}\n${[last - 1, last].map(String).sort().join('\n')}\n${sinceOpaque}\n`;
    assert.equal(await fileOfTop(rig, 'out'), expected);
  });
}

/** Content of a file of the only image of a store, whose layers are uncompressed. */
async function fileOfTop(rig: Rig, path: string): Promise<string | undefined> {
  const blob = async (digest: string) =>
    readFile(join(rig.store, 'images/blobs/sha256', digest.slice('sha256:'.length)));
  const json = async (digest: string) => JSON.parse(String(await blob(digest)));
  let document = JSON.parse(await readFile(join(rig.store, 'images/index.json'), 'utf8'));
  while (document.manifests) document = await json(document.manifests[0].digest);
  for (const { digest } of document.layers) {
    const found = (await readAll(await blob(digest))).find(({ name }) => name === path);
    if (found) return found.content;
  }
  return undefined;
}
