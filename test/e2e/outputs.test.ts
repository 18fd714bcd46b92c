/** What `cip build-image --output` writes, as other programs read it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const options = needs('linux', 'user namespaces', 'skopeo', 'umoci', 'buildah');

const files: Files = {
  Dockerfile: [
    'FROM scratch AS base',
    'COPY --chmod=4755 --chown=7:8 a /d/a',
    'COPY gone /d/gone',
    'FROM base',
    'COPY a /new',
    'LABEL word=yes',
    '',
  ].join('\n'),
  a: 'A\n',
  gone: 'G\n',
};
const twoPlatforms = ['--platform', 'linux/amd64,linux/arm64'];

async function built(rig: Rig, ...args: readonly string[]): Promise<string> {
  const { status, stderr, stdout } = await rig.cip('build-image', '.', ...args);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

async function labels(image: string): Promise<unknown> {
  return JSON.parse((await exec('skopeo', ['inspect', '--config', image])).stdout).config.Labels;
}

const home = (rig: Rig) => join(rig.store, '../home');
const buildahIn = (rig: Rig) => [
  ...['--root', join(home(rig), 'root'), '--runroot', join(home(rig), 'run'), '--storage-driver', 'vfs'],
];
const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

test('an archive for Docker is read as that and as an OCI layout, by skopeo, umoci and buildah', options, async () => {
  await using rig = await Rig.setup({ files });
  const name = 'docker.io/library/it:1';
  await built(rig, '-t', 'it:1', '-o', 'type=docker,dest=it.tar', '-o', 'type=docker,dest=it,tar=false');
  const [tar, directory] = [join(rig.project, 'it.tar'), join(rig.project, 'it')];
  for (const image of [
    `docker-archive:${tar}`,
    `docker-archive:${tar}:it:1`,
    `oci-archive:${tar}:${name}`,
    `oci:${directory}`,
  ])
    assert.deepEqual(await labels(image), { word: 'yes' }, image);
  for (const image of [`docker-archive:${tar}`, `oci-archive:${tar}:${name}`])
    assert.match((await exec('buildah', [...buildahIn(rig), 'pull', '-q', image])).stdout, /^[0-9a-f]{64}$/m);
  // The tag of a layout is all that umoci takes for one.
  await exec('skopeo', ['copy', '-q', `oci-archive:${tar}:${name}`, `oci:${join(home(rig), 'one')}:tag`]);
  await exec('umoci', ['unpack', '--rootless', '--image', `${join(home(rig), 'one')}:tag`, join(home(rig), 'bundle')]);
  assert.deepEqual((await readdir(join(home(rig), 'bundle/rootfs'))).sort(), ['d', 'new']);
});

test('an archive of two platforms has both, and that of this machine for Docker', options, async () => {
  await using rig = await Rig.setup({ files });
  await built(rig, ...twoPlatforms, '-t', 'it', '-o', 'type=docker,dest=it,tar=false');
  const directory = join(rig.project, 'it');
  const { manifests } = await json(join(directory, 'index.json'));
  assert.deepEqual(manifests.length, 1);
  for (const arch of ['amd64', 'arm64']) await exec('skopeo', ['--override-arch', arch, 'inspect', `oci:${directory}`]);
  const [{ Config, RepoTags, Layers }] = await json(join(directory, 'manifest.json'));
  const config = await json(join(directory, Config));
  assert.equal(config.architecture, process.arch === 'x64' ? 'amd64' : process.arch);
  assert.deepEqual([RepoTags, Layers.length], [['it:latest'], 3]);
});

/** The files of two rigs are not of the same second. */
const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1000000000'];
const alike: Readonly<Record<string, readonly string[]>> = {
  'an OCI layout': ['-o', 'type=oci,dest=OUT'],
  'an archive for Docker': ['-o', 'type=docker,dest=OUT'],
  'a tar of files': ['-o', 'type=tar,dest=OUT'],
  'a tar of files of two platforms': ['-o', 'type=tar,dest=OUT', ...twoPlatforms],
  'Docker media types': ['-o', 'type=oci,dest=OUT,oci-mediatypes=false'],
  'another level of gzip': ['-o', 'type=oci,dest=OUT,compression-level=1'],
  zstd: ['-o', 'type=oci,dest=OUT,compression=zstd'],
  'no compression': ['-o', 'type=oci,dest=OUT,compression=uncompressed'],
};
test('outputs are the same bytes each time, also from another store', options, async (t) => {
  await using rig = await Rig.setup({ files });
  await using other = await Rig.setup({ files });
  const seen = new Set<string>();
  for (const [title, args] of Object.entries(alike)) {
    await t.test(title, async () => {
      const to = (name: string) => [...epoch, ...args.map((arg) => arg.replace('OUT', name))];
      await built(rig, '-t', 'it', ...to('one'));
      await built(rig, '-t', 'it', ...to('two'));
      await built(other, '-t', 'it', ...to('one'));
      const digests = await Promise.all(
        [join(rig.project, 'one'), join(rig.project, 'two'), join(other.project, 'one')].map(sha256),
      );
      assert.equal(new Set(digests).size, 1);
      assert.ok(!seen.has(digests[0]!), 'the same as another');
      seen.add(digests[0]!);
    });
  }
});

test('the files of an image: as a directory, a tar and on standard output', options, async () => {
  await using rig = await Rig.setup({ files });
  await built(rig, '-o', 'files/in/here', '-o', 'type=tar,dest=files.tar');
  const out = join(rig.project, 'files/in/here');
  assert.deepEqual((await readdir(out)).sort(), ['d', 'new']);
  assert.equal((await lstat(join(out, 'd/a'))).mode & 0o7777, 0o4755);
  const list = (await exec('tar', ['-tvf', join(rig.project, 'files.tar'), '--numeric-owner'])).stdout;
  assert.match(list, /^drwxr-xr-x 7\/8 .* d\/\n(?:.*\n)*?-rwsr-xr-x 7\/8 .* d\/a\n/m);
  const piped = await rig.cip('build-image', '.', '-o', '-');
  assert.equal(piped.stdout, await rig.read('files.tar'));
  const split = [...twoPlatforms, '-o', 'split'];
  await built(rig, ...split);
  assert.deepEqual((await readdir(join(rig.project, 'split'))).sort(), ['linux_amd64', 'linux_arm64']);
});

const forms: Readonly<Record<string, readonly [attributes: string, layer: string, manifest: string]>> = {
  'what is usual': ['', 'oci.image.layer.v1.tar+gzip', 'oci.image.manifest.v1+json'],
  'no compression': [',compression=uncompressed', 'oci.image.layer.v1.tar', 'oci.image.manifest.v1+json'],
  zstd: [',compression=zstd,compression-level=7', 'oci.image.layer.v1.tar+zstd', 'oci.image.manifest.v1+json'],
  "Docker's media types": [
    ',oci-mediatypes=false',
    'docker.image.rootfs.diff.tar.gzip',
    'docker.distribution.manifest.v2+json',
  ],
  "Docker's media types without compression": [
    ',oci-mediatypes=false,compression=uncompressed',
    'docker.image.rootfs.diff.tar',
    'docker.distribution.manifest.v2+json',
  ],
};
test(
  'an image has the form that is asked for, of which skopeo, umoci and buildah make the same files',
  options,
  async (t) => {
    await using rig = await Rig.setup({ files });
    for (const [title, [attributes, layer, manifest]] of Object.entries(forms)) {
      await t.test(title, async () => {
        const name = `f${createHash('sha256').update(title).digest('hex').slice(0, 8)}`;
        await built(rig, '-o', `type=oci,dest=${name},tar=false${attributes}`);
        const directory = join(rig.project, name);
        const { manifests } = await json(join(directory, 'index.json'));
        const document = await json(join(directory, 'blobs', manifests[0].digest.replace(':', '/')));
        assert.equal(manifests[0].mediaType, `application/vnd.${manifest}`);
        assert.equal(document.mediaType, manifests[0].mediaType);
        const types = new Set(document.layers.map(({ mediaType }: { mediaType: string }) => mediaType));
        assert.deepEqual([...types], [`application/vnd.${layer}`]);
        const copy = join(home(rig), name);
        await exec('skopeo', ['copy', '-q', `oci:${directory}`, `oci:${copy}:tag`]);
        // umoci knows no zstd.
        if (title !== 'zstd') {
          await exec('umoci', ['unpack', '--rootless', '--image', `${copy}:tag`, `${copy}-bundle`]);
          assert.deepEqual((await readdir(join(`${copy}-bundle`, 'rootfs'))).sort(), ['d', 'new']);
        }
        await exec('skopeo', ['copy', '-q', `oci:${directory}`, `oci-archive:${copy}.tar:it:1`]);
        await exec('buildah', [...buildahIn(rig), 'pull', '-q', `oci-archive:${copy}.tar:it:1`]);
      });
    }
  },
);

test('layers of a base are compressed anew if that is forced, and else stay as they came', options, async () => {
  await using rig = await Rig.setup({ files, registry: true });
  const base = `${rig.registry}/base:1`;
  await built(rig, '-t', base, '--push');
  await using other = await Rig.setup({ files: { ...files, Dockerfile: `FROM ${base}\nCOPY a /more\n` } });
  const out = (force: boolean) => `type=oci,dest=${force},tar=false,compression=zstd,force-compression=${force}`;
  await built(other, '-o', out(false), '-o', out(true));
  const typesIn = async (directory: string) => {
    const { manifests } = await json(join(other.project, directory, 'index.json'));
    const { layers } = await json(join(other.project, directory, 'blobs', manifests[0].digest.replace(':', '/')));
    return layers.map(({ mediaType }: { mediaType: string }) => mediaType.replace(/^.*\+/, ''));
  };
  assert.deepEqual(await typesIn('false'), ['gzip', 'gzip', 'gzip', 'zstd']);
  assert.deepEqual(await typesIn('true'), ['zstd', 'zstd', 'zstd', 'zstd']);
});

test('outputs have names of their own, in registries also none', options, async () => {
  await using rig = await Rig.setup({ files, registry: true });
  const named = `${rig.registry}/x/named:2`;
  const nameless = `${rig.registry}/x/nameless`;
  const printed = await built(
    rig,
    ...['-t', 'it', '-o', `type=oci,dest=it,tar=false,"name=a:1,b:2"`, '-o', `type=image,name=${named},push=true`],
    ...['-o', `type=registry,name=${nameless},push-by-digest=true`],
  );
  const { manifests } = await json(join(rig.project, 'it/index.json'));
  const refs = manifests.map(
    (one: { annotations: Record<string, string> }) => one.annotations['io.containerd.image.name'],
  );
  assert.deepEqual(refs, ['docker.io/library/a:1', 'docker.io/library/b:2']);
  const lines = printed.split('\n');
  assert.deepEqual(
    lines.map((line) => line.replace(/@.*$/, '')),
    ['docker.io/library/it:latest', named],
  );
  const digest = lines[0]!.replace(/^.*@/, '');
  for (const image of [named, `${nameless}@${digest}`])
    await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${image}`]);
  const tags = exec('skopeo', ['list-tags', '--tls-verify=false', `docker://${nameless}`]);
  await assert.rejects(tags.then(({ stdout }) => assert.notDeepEqual(JSON.parse(stdout).Tags, [])));
});

test('the ID of an image and what buildx says of one are in files, once it is everywhere', options, async () => {
  await using rig = await Rig.setup({ files: { ...files, 'old/iid': 'old', 'old/meta': 'old' } });
  const to = ['--iidfile', 'old/iid', '--metadata-file', 'old/meta'];
  const failed = await rig.cip('build-image', '.', '-o', 'type=oci,dest=/dev/full', ...to);
  assert.equal(failed.status, 2);
  assert.deepEqual([await rig.read('old/iid'), await rig.read('old/meta')], ['old', 'old']);
  const digest = (await built(rig, ...to, '-t', 'it:1', '-t', 'x/y', '-o', 'type=oci,dest=it,tar=false')).replace(
    /^.*@/s,
    '',
  );
  const { manifests } = await json(join(rig.project, 'it/index.json'));
  const { config } = await json(join(rig.project, 'it/blobs', digest.replace(':', '/')));
  const { annotations: _, ...descriptor } = manifests[0];
  assert.equal(await rig.read('old/iid'), config.digest);
  assert.deepEqual(JSON.parse(await rig.read('old/meta')), {
    'containerimage.config.digest': config.digest,
    'containerimage.descriptor': descriptor,
    'containerimage.digest': digest,
    'image.name': 'docker.io/library/it:1,docker.io/x/y:latest',
  });
  // Several platforms have no configuration in common.
  const index = await built(rig, ...to, ...twoPlatforms);
  assert.equal(await rig.read('old/iid'), index);
  assert.deepEqual(Object.keys(JSON.parse(await rig.read('old/meta'))), [
    'containerimage.descriptor',
    'containerimage.digest',
  ]);
  assert.deepEqual(await readdir(join(rig.project, 'old')), ['iid', 'meta']);
});

test('files on a full device are a failure of the output', options, async () => {
  await using rig = await Rig.setup({ files });
  await mkdir(join(rig.project, 'out'));
  for (const output of ['type=tar,dest=/dev/full', 'type=docker,dest=/dev/full']) {
    const { status, stderr } = await rig.cip('build-image', '.', '-o', output);
    assert.deepEqual([complaintsIn(stderr), status], [['output-unwritable'], 2]);
  }
});

const overInputs: Readonly<Record<string, (store: string) => readonly string[]>> = {
  'a tar over the Dockerfile': () => ['-o', 'type=oci,dest=c/Dockerfile'],
  'an id over a Dockerfile that a link leads to': () => ['--iidfile', 'link'],
  'the trace over the Dockerfile': () => ['--trace', 'c/Dockerfile'],
  'files in the store': (store) => ['-o', `type=local,dest=${store}/images`],
  'metadata in the store': (store) => ['--metadata-file', `${store}/version`],
};
for (const [title, args] of Object.entries(overInputs))
  test(`build-image refuses ${title}`, options, async () => {
    await using rig = await Rig.setup({ files: { 'c/Dockerfile': 'FROM scratch\nCOPY f /d/f\n', 'c/f': 'f' } });
    assert.equal((await rig.cip('build-image', 'c', '-t', 'one')).status, 0);
    await symlink('c/Dockerfile', join(rig.project, 'link'));
    const were = [await readFile(join(rig.project, 'c/Dockerfile'), 'utf8'), await readdir(join(rig.store, 'images'))];
    const { status, stderr } = await rig.cip('build-image', 'c', ...args(rig.store));
    assert.deepEqual([status, complaintsIn(stderr)], [2, ['output-holds-input']], stderr);
    const are = [await readFile(join(rig.project, 'c/Dockerfile'), 'utf8'), await readdir(join(rig.store, 'images'))];
    assert.deepEqual(are, were);
    assert.deepEqual((await readdir(rig.project)).sort(), ['c', 'link']);
  });

test(
  'mode=delete leaves nothing but the image, and refuses what the build needs',
  needs('linux', 'root', 'unshare'),
  async () => {
    await using rig = await Rig.setup({
      files: { 'c/Dockerfile': 'FROM scratch\nCOPY f /d/f\n', 'c/f': 'f', 'out/a/old': 'o', 'out/mnt/x': '' },
    });
    const build = (dest: string, more: { through?: readonly string[] } = {}) =>
      rig.cip('build-image', 'c', '-o', `type=local,dest=${dest},mode=delete`, more);
    for (const dest of ['.', 'c', '..', '/', rig.store]) {
      const { status, stderr } = await build(dest);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /^error\[output-holds-input\]/m);
    }
    assert.equal(await readFile(join(rig.project, 'c/f'), 'utf8'), 'f');
    const mounted = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs out/mnt && exec "$@"', 'sh'];
    const busy = await build('out', { through: mounted });
    assert.equal(busy.status, 2, busy.stderr);
    assert.match(busy.stderr, /^error\[output-unwritable\].*EBUSY/m);
    assert.deepEqual((await readdir(join(rig.project, 'out'))).sort(), ['a', 'mnt']);
    assert.deepEqual(await readdir(join(rig.project, 'out/a')), ['old']);
    const { status, stderr } = await build('out');
    assert.equal(status, 0, stderr);
    assert.deepEqual(await readdir(join(rig.project, 'out'), { recursive: true }), ['d', 'd/f']);
  },
);
