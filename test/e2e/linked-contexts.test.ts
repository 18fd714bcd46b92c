/** Contexts that are links to directories elsewhere: the same images as without the link, and no skip that lies. */
import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const copies = {
  'everything, to a new name': 'COPY . /x',
  'everything, into a directory': 'COPY . /x/',
  'what a pattern matches': 'COPY * /x/',
  'one file': 'COPY f /f',
  'everything, by ADD': 'ADD ./ /x/',
  'everything, by a mount': 'RUN --mount=type=bind,target=/c ["/c/none"]',
};

for (const [title, instruction] of Object.entries(copies)) {
  test(`a context that is a link: ${title}`, needs('linux', 'user namespaces'), async () => {
    const files = {
      'contexts/00-base/Dockerfile': `FROM scratch\n${instruction}\n`,
      'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
      'contexts/00-base/f': 'one\n',
    };
    await using rig = await Rig.setup({ files });
    const context = join(rig.project, 'contexts/00-base');
    const keyOf = async () => {
      const { stdout, stderr } = await rig.cip('plan', '--json');
      const { images } = JSON.parse(stdout) as { images: { action: string; platforms: { key: string }[] }[] };
      return { action: images[0]?.action, key: images[0]?.platforms[0]?.key, stderr };
    };
    const before = await keyOf();
    await mkdir(join(rig.project, 'elsewhere'));
    await rename(context, join(rig.project, 'elsewhere/base'));
    await symlink('../elsewhere/base', context);
    assert.deepEqual(await keyOf(), before);
    assert.equal((await rig.cip('check')).status, 0);
    if (instruction.startsWith('RUN')) return;

    const built = await rig.cip('build');
    assert.equal(built.status, 0, built.stderr);
    assert.equal((await keyOf()).action, 'up-to-date');
    await writeFile(join(rig.project, 'elsewhere/base/f'), 'two\n');
    assert.equal((await keyOf()).action, 'build');
  });
}
