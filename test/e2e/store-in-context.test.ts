/** The store below a context, as jobs of CI have it: nobody wants that in an image. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig, type RunOptions } from '../support/rig.ts';

const options = needs('linux', 'user namespaces');

/** Name of the store → lines of the ignore file. */
const rows: Readonly<Record<string, string>> = {
  '.cip-store': '',
  'sub/[s]*': '*\n!sub\n!a\n!**/records\n!**/*.log\n',
};

for (const [name, ignore] of Object.entries(rows)) {
  test(`a store that is called ${name} is in no image`, options, async () => {
    await using rig = await Rig.setup({
      files: {
        Dockerfile: 'FROM scratch\nCOPY . /x\nCOPY --parents s*b* /y/\n',
        '.dockerignore': ignore,
        a: 'A\n',
        b: 'B\n',
        'sub/c': 'C\n',
      },
    });
    // Times are cut off: that of the directory that the store is made in changes.
    const build = (...more: (string | RunOptions)[]) =>
      rig.cip('build-image', '.', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000', ...more);
    const apart = await build();
    assert.equal(apart.status, 0, apart.stderr);
    const within = { env: { CIP_STORE: join(rig.project, name) } };
    const built = await build(within);
    assert.deepEqual([built.status, built.stdout], [0, apart.stdout], built.stderr);
    const before = await blobsOf(join(rig.project, name));
    const again = await build('--progress=json', within);
    assert.deepEqual([again.status, again.stdout], [0, built.stdout], again.stderr);
    assert.deepEqual(await blobsOf(join(rig.project, name)), before);
    assert.equal(again.stderr.match(/"step-cached"/g)?.length, 1, again.stderr);
  });
}

test('a store below a context of a project is in no image, and nothing is built again for it', options, async () => {
  const context = 'contexts/00-base';
  await using rig = await Rig.setup({
    files: {
      [`${context}/Dockerfile`]: 'FROM scratch\nCOPY . /x\n',
      [`${context}/info.edn`]: '{:version "1.0.0"}\n',
      [`${context}/a`]: 'A\n',
    },
  });
  const args = ['build', '--only-local-platform', '--json', '--', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000'];
  const made = async (...more: RunOptions[]) => {
    const { status, stdout, stderr } = await rig.cip(...args, ...more);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout).images.map(({ status, digest }: Record<string, string>) => [status, digest]);
  };
  const [[, digest]] = await made();
  const within = { env: { CIP_STORE: join(rig.project, context, '.cip-store') } };
  assert.deepEqual(await made(within), [['built', digest]]);
  assert.deepEqual(await made(within), [['untouched', digest]]);
});

test('a source that is the store, or in it, is said to be so', options, async () => {
  const dockerfile = 'FROM scratch\nCOPY .cip-store /x\nCOPY .cip-store/version a /y/\n';
  const context = 'contexts/00-base';
  await using rig = await Rig.setup({
    files: {
      [`${context}/Dockerfile`]: dockerfile,
      [`${context}/info.edn`]: '{:version "1.0.0"}\n',
      [`${context}/a`]: 'A\n',
    },
  });
  const within = { env: { CIP_STORE: join(rig.project, context, '.cip-store') } };
  for (const args of [['build-image', context], ['check'], ['plan'], ['build']]) {
    const { status, stderr } = await rig.cip(...args, within);
    assert.equal(status, 4, stderr);
    const told = [...stderr.matchAll(/\[copy-source-missing\]: (\S+) belongs to the store of cip/g)];
    assert.deepEqual(
      told.map(([, source]) => source),
      ['.cip-store', '.cip-store/version'],
      stderr,
    );
  }
});

async function blobsOf(store: string): Promise<readonly string[]> {
  return (await readdir(join(store, 'images/blobs/sha256'))).sort();
}
