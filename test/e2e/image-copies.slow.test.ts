/** `cip push TAR` and `cip image copy`: the same image wherever it goes, and what is no image is said. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/oci/digest.ts';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const dockerfile = 'FROM scratch\nCOPY a /a\nENV A=b\nCOPY a /b\n';

async function setUp(): Promise<Rig> {
  return await Rig.setup({ registry: true, files: { 'c/Dockerfile': dockerfile, 'c/a': 'A\n' } });
}

async function done(rig: Rig, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await rig.cip(...words);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Its digest, and what its platforms are. */
async function inspected(rig: Rig, text: string) {
  const { digest, platforms } = JSON.parse(await done(rig, 'image', 'inspect', text, '--json')) as {
    readonly digest: string;
    readonly platforms: readonly {
      readonly platform: string;
      readonly config: object;
      readonly layers: readonly { readonly diffID: string }[];
    }[];
  };
  return {
    digest,
    platforms: platforms.map(({ platform, config, layers }) => [platform, config, layers.map(({ diffID }) => diffID)]),
  };
}

const both = ['--platform', 'linux/amd64,linux/arm64'];

/** Tars of one image, as several programs write them. `keeps`: with the digest that it had. */
const tars: Readonly<
  Record<
    string,
    { readonly needs: readonly string[]; readonly keeps: boolean; readonly make: (rig: Rig) => Promise<void> }
  >
> = {
  'type=oci': {
    needs: [],
    keeps: true,
    make: async (rig) => void (await done(rig, 'build-image', 'c', '-t', 'a:1', ...both, '-o', 'type=oci,dest=a.tar')),
  },
  'type=docker': {
    needs: [],
    keeps: true,
    make: async (rig) =>
      void (await done(rig, 'build-image', 'c', '-t', 'a:1', ...both, '-o', 'type=docker,dest=a.tar')),
  },
  'type=oci, with gzip': {
    needs: ['gzip'],
    keeps: true,
    make: async (rig) => {
      await done(rig, 'build-image', 'c', '-t', 'a:1', ...both, '-o', 'type=oci,dest=b');
      await exec('sh', ['-c', 'gzip -c b > a.tar'], { cwd: rig.project });
    },
  },
  'that docker save wrote before it wrote layouts': {
    needs: ['skopeo'],
    keeps: false,
    make: async (rig) => {
      await done(rig, 'build-image', 'c', '-t', 'a:1', '--platform', 'linux/amd64', '-o', 'type=oci,dest=b.tar');
      await exec('skopeo', ['copy', '-q', '--override-arch=amd64', 'oci-archive:b.tar', 'docker-archive:a.tar:x/y:1'], {
        cwd: rig.project,
      });
    },
  },
};
for (const [title, { needs: components, keeps, make }] of Object.entries(tars))
  test(`push: a tar ${title}`, needs(...components), async () => {
    await using rig = await setUp();
    await make(rig);
    const name = `${rig.registry}/tool:1.0`;
    const pushed = await done(rig, 'push', 'a.tar', name);
    const there = await inspected(rig, `docker-image://${name}`);
    assert.equal(pushed, `${name}@${there.digest}\n`);
    const here = await inspected(rig, 'a:1');
    assert.deepEqual(there.platforms, here.platforms);
    // Again: nothing but what is there.
    assert.equal(await done(rig, 'push', 'a.tar', name), pushed);
    assert.equal(keeps, (await inspected(rig, 'oci-archive://a.tar')).digest === there.digest);
  });

test('push: the names in the tar, of several images', async () => {
  await using rig = await setUp();
  const [one, two] = [`${rig.registry}/one:1`, `${rig.registry}/two:2`];
  await done(rig, 'build-image', 'c', '-t', one, '-t', two, '-o', 'type=oci,dest=a.tar');
  const document = JSON.parse(await done(rig, 'push', 'a.tar', '--json')) as {
    readonly schema: string;
    readonly pushed: readonly { readonly name: string; readonly digest: string }[];
  };
  assert.equal(document.schema, 'cip.push/v1');
  assert.deepEqual(
    document.pushed.map(({ name }) => name),
    [one, two],
  );
  for (const { name, digest } of document.pushed)
    assert.equal((await inspected(rig, `docker-image://${name}`)).digest, digest);
});

/** What a tar may hold that is no image → what is said. Paths → texts; `link`: a link that leads out. */
const bad: readonly [title: string, files: Readonly<Record<string, string>>, why: RegExp][] = [
  ['nothing of an image', { a: 'a' }, /neither index\.json nor manifest\.json/],
  ['a manifest.json of something else', { 'manifest.json': '{"short_name":"app"}' }, /not that of docker save/],
  ['no image at all', { 'manifest.json': '[]' }, /it has none/],
  ['a configuration that is not there', { 'manifest.json': '[{"Config":"c.json","Layers":[]}]' }, /it has no c\.json/],
  [
    'a configuration elsewhere',
    { 'manifest.json': '[{"Config":"../../../../../../../../../../etc/hostname","Layers":[]}]' },
    /it has no \.\./,
  ],
  [
    'fewer layers than its configuration names',
    {
      'manifest.json': '[{"Config":"c.json","Layers":[]}]',
      'c.json': `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["${digestOf('x')}"]}}`,
    },
    /0 layers, and its configuration names 1/,
  ],
  [
    'another layer than its configuration names',
    {
      'manifest.json': '[{"Config":"c.json","Layers":["l.tar"]}]',
      'l.tar': 'y',
      'c.json': `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["${digestOf('x')}"]}}`,
    },
    /l\.tar is not the layer/,
  ],
  [
    'a link that leads out in place of a layer',
    {
      'manifest.json': '[{"Config":"c.json","Layers":["link"]}]',
      'c.json': `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["${digestOf('x')}"]}}`,
    },
    /it has no link/,
  ],
];
for (const [title, files, why] of bad)
  test(`push: a tar with ${title}`, async () => {
    await using rig = await setUp();
    const directory = join(rig.project, 'd');
    await mkdir(directory);
    for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text);
    await symlink('/etc/hostname', join(directory, 'link'));
    await exec('tar', ['-cf', 'a.tar', '-C', 'd', ...Object.keys(files), 'link'], { cwd: rig.project });
    const { status, stderr } = await rig.cip('push', 'a.tar', `${rig.registry}/a:1`);
    assert.equal(status, 2, stderr);
    assert.deepEqual(complaintsIn(stderr), ['archive-not-an-image']);
    assert.match(stderr, why);
  });

test('push: what is slipped', async () => {
  await using rig = await setUp();
  await done(rig, 'build-image', 'c', '-o', 'type=oci,dest=nameless.tar');
  await writeFile(join(rig.project, 'text'), 'a text\n');
  const tar = await readFile(join(rig.project, 'nameless.tar'));
  await writeFile(join(rig.project, 'cut.tar'), tar.subarray(0, 2000));
  await writeFile(join(rig.project, 'cut.tar.gz'), gzipSync(tar).subarray(0, 500));
  for (const [words, reason] of [
    ['push', 'missing-archive'],
    ['push nowhere.tar', 'archive-not-an-image'],
    ['push c', 'archive-not-an-image'],
    ['push text', 'archive-not-an-image'],
    ['push cut.tar', 'archive-not-an-image'],
    ['push cut.tar.gz', 'archive-not-an-image'],
    ['push nameless.tar', 'nothing-to-push'],
    ['push nameless.tar A:1', 'image-name-invalid'],
    ['image copy', 'missing-image-name'],
    ['image copy a:1', 'missing-image-name'],
    ['image copy a:1 B', 'image-name-invalid'],
    ['image copy a:1 b:1', 'image-not-stored'],
  ] as const) {
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.equal(status, 2, words);
    assert.deepEqual(complaintsIn(stderr), [reason], words);
  }
});

test('copy: from each place to each, the same platforms and layers', async () => {
  await using rig = await setUp();
  await done(rig, 'build-image', 'c', '-t', 'a:1', ...both);
  const first = await inspected(rig, 'a:1');
  const chain = [
    `docker-image://${rig.registry}/a:1`,
    'oci-layout://layout:2',
    'oci-archive://a.tar',
    'b:3',
    `docker-image://${rig.registry}/b:3`,
    'oci-archive://b.tar',
    `docker-image://${rig.registry}/c:4`,
    'd:4',
    'oci-layout://other',
  ];
  let from = 'a:1';
  const digests = new Set<string>();
  for (const to of chain) {
    const stdout = await done(rig, 'image', 'copy', from, to);
    const { digest, platforms } = await inspected(rig, to);
    assert.equal(stdout, `${to}@${digest}\n`);
    assert.deepEqual(platforms, first.platforms, to);
    digests.add(digest);
    from = to;
  }
  // Packed once, and the same ever after.
  assert.equal(digests.size, 1);
  assert.ok(!digests.has(first.digest));
  const index = JSON.parse(await readFile(join(rig.project, 'layout/index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly annotations: Readonly<Record<string, string>> }[];
  };
  assert.equal(index.manifests[0]!.annotations['io.containerd.image.name'], `${rig.registry}/a:2`);
});

test('a copy to standard output is a tar there, and no file', async () => {
  await using rig = await setUp();
  await done(rig, 'build-image', 'c', '-t', 'a:1');
  await done(rig, 'image', 'copy', 'a:1', 'oci-archive://a.tar');
  const { status, stdout, stderr } = await rig.cip('image', 'copy', 'a:1', 'oci-archive://-');
  assert.equal(status, 0, stderr);
  assert.equal(stdout, (await readFile(join(rig.project, 'a.tar'))).toString());
  assert.match(stderr, /oci-archive:\/\/-@sha256:/);
  assert.deepEqual((await readdir(rig.project)).sort(), ['a.tar', 'c']);
});

/** What is typed → the reason, and nothing is fetched or made. */
const nowhere: readonly (readonly [words: readonly string[], reason: string])[] = [
  [['oci-archive://no/where/a.tar'], 'no-output-directory'],
  [['oci-layout://no/where/a'], 'no-output-directory'],
  [['oci-layout://no/where/a:tag'], 'no-output-directory'],
  [['oci-archive://c/Dockerfile/a.tar'], 'no-output-directory'],
  [['oci-archive://-', '--json'], 'contradictory-options'],
];
for (const [words, reason] of nowhere) {
  test(`a copy to ${words.join(' ')} is refused`, async () => {
    await using rig = await setUp();
    const { status, stderr } = await rig.cip('image', 'copy', 'docker-image://127.0.0.1:1/none', ...words);
    assert.deepEqual([status, complaintsIn(stderr)], [2, [reason]]);
    assert.deepEqual((await readdir(rig.project)).sort(), ['c']);
  });
}
