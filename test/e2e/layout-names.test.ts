/** What images of layouts are called: as skopeo and umoci ask for them, and however cip itself is asked. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const exec = promisify(execFile);

async function done(rig: Rig, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await rig.cip(...words);
  assert.equal(status, 0, stderr);
  return stdout;
}

async function setUp(...args: readonly string[]): Promise<Rig> {
  const rig = await Rig.setup({ files: { 'c/Dockerfile': 'FROM scratch\nCOPY a /a\n', 'c/a': 'A\n' } });
  await done(rig, 'build-image', 'c', ...args);
  return rig;
}

type Annotations = Readonly<Record<string, string>>;

async function entries(rig: Rig, directory: string): Promise<readonly { annotations: Annotations; digest: string }[]> {
  return JSON.parse(await readFile(join(rig.project, directory, 'index.json'), 'utf8')).manifests;
}

const refName = 'org.opencontainers.image.ref.name';
const imageName = 'io.containerd.image.name';

test('skopeo and umoci find an image by its tag', needs('skopeo', 'umoci'), async () => {
  await using rig = await setUp('-t', 'it:1.0', '-o', 'type=oci,dest=d,tar=false', '-o', 'type=oci,dest=t.tar');
  await done(rig, 'image', 'copy', 'it:1.0', 'oci-layout://copied:2');
  await done(rig, 'image', 'copy', 'oci-layout://d', 'oci-layout://again');
  for (const image of ['oci:d:1.0', 'oci-archive:t.tar:1.0', 'oci:copied:2', 'oci:again:1.0'])
    await exec('skopeo', ['inspect', '--raw', image], { cwd: rig.project });
  const { stdout } = await exec('umoci', ['ls', '--layout', 'copied'], { cwd: rig.project });
  assert.equal(stdout, '2\n');
  assert.deepEqual(
    (await entries(rig, 'again')).map(({ annotations }) => annotations[imageName]),
    ['docker.io/library/it:1.0'],
  );
});

test('of names with one tag, one has it', needs('umoci'), async () => {
  await using rig = await setUp('-t', 'a/it:1', '-t', 'b/it:1', '-t', 'it', '-o', 'type=oci,dest=d,tar=false');
  assert.deepEqual(
    (await entries(rig, 'd')).map(({ annotations }) => [annotations[refName], annotations[imageName]]),
    [
      ['1', 'docker.io/a/it:1'],
      ['docker.io/b/it:1', 'docker.io/b/it:1'],
      ['latest', 'docker.io/library/it:latest'],
    ],
  );
  await exec('umoci', ['unpack', '--rootless', '--image', 'd:1', 'bundle'], { cwd: rig.project });
  for (const name of ['a/it:1', 'b/it:1', 'it:latest', 'docker.io/b/it:1', 'latest', '1'])
    await done(rig, 'image', 'inspect', `oci-layout://d:${name}`);
});

/** How other programs, and cip before, call one image of a layout. */
const written: Readonly<Record<string, Annotations>> = {
  'BuildKit, containerd and cip': { [refName]: '1', [imageName]: 'localhost:5000/x/it:1' },
  'the store, and archives for Docker': { [refName]: 'localhost:5000/x/it:1' },
  both: { [refName]: 'localhost:5000/x/it:1', [imageName]: 'localhost:5000/x/it:1' },
};
for (const [title, annotations] of Object.entries(written))
  test(`cip finds an image by its tag and by its name: ${title}`, async () => {
    await using rig = await setUp('-o', 'type=oci,dest=d,tar=false');
    await done(rig, 'build-image', 'c', '--label', 'a=b', '-o', 'type=oci,dest=e,tar=false');
    const index = JSON.parse(await rig.read('d/index.json'));
    const [wanted] = index.manifests;
    const [other] = await entries(rig, 'e');
    assert.notEqual(wanted.digest, other!.digest);
    await cp(join(rig.project, 'e/blobs'), join(rig.project, 'd/blobs'), { recursive: true });
    const another = { [refName]: '2', [imageName]: 'localhost:5000/x/it:2' };
    index.manifests = [
      { ...other, annotations: another },
      { ...wanted, annotations },
    ];
    await writeFile(join(rig.project, 'd/index.json'), JSON.stringify(index));
    await rename(join(rig.project, 'd'), join(rig.project, 'a:b'));
    for (const asked of ['a:b:1', 'a:b:localhost:5000/x/it:1', `a:b@${wanted.digest}`, `a:b:2@${wanted.digest}`]) {
      const { digest } = JSON.parse(await done(rig, 'image', 'inspect', `oci-layout://${asked}`, '--json'));
      assert.equal(digest, wanted.digest, asked);
    }
    for (const asked of [
      'a:b',
      'a:b:latest',
      'a:b:3',
      'a:b:it:1',
      'a:b:localhost:5000/x/it',
      'a:b:localhost:5000/y/it:1',
    ]) {
      const { status, stderr } = await rig.cip('image', 'inspect', `oci-layout://${asked}`);
      assert.deepEqual([status, complaintsIn(stderr)], [2, ['layout-image-missing']], asked);
    }
    // The name goes with it.
    await done(rig, 'image', 'copy', 'oci-layout://a:b:1', 'oci-archive://it.tar');
    const { stdout } = await exec('tar', ['-xOf', 'it.tar', 'index.json'], { cwd: rig.project });
    assert.equal(JSON.parse(stdout).manifests[0].annotations[imageName], 'localhost:5000/x/it:1');
  });
