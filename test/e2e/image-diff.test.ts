/** `cip image diff`: what differs between two images, wherever they are, and which layers are read for it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { complaintsIn } from '../support/complaints.ts';
import { type ServedLayer, serveImages } from '../support/image-server.ts';
import { Rig } from '../support/rig.ts';
import { tarOf } from '../tar/archive.ts';

interface State {
  readonly type: string;
  readonly mode?: string;
  readonly digest?: string;
  readonly link?: string;
  readonly time: string;
}

interface Difference {
  readonly schema: string;
  readonly equal: boolean;
  readonly before: { readonly name: string; readonly digest: string };
  readonly annotations: readonly object[];
  readonly platforms: readonly {
    readonly platform: string;
    readonly equal: boolean;
    readonly only?: string;
    readonly config: readonly { readonly field: string; readonly name?: string }[];
    readonly annotations: readonly object[];
    readonly layers: { readonly shared: number; readonly before: readonly object[]; readonly after: readonly object[] };
    readonly files: readonly {
      readonly path: string;
      readonly change: string;
      readonly differs: readonly string[];
      readonly before?: State;
      readonly after?: State;
    }[];
  }[];
  readonly failures: readonly { readonly reason: string }[];
}

/** What is told of two images; the status has to fit. */
async function difference(rig: Rig, ...words: readonly string[]): Promise<Difference> {
  const { status, stdout, stderr } = await rig.cip('image', 'diff', ...words, '--json');
  assert.notEqual(stdout, '', stderr);
  const document = JSON.parse(stdout) as Difference;
  assert.equal(document.schema, 'cip.image-diff/v1');
  assert.deepEqual([status, document.failures], [document.equal ? 0 : 3, []]);
  return document;
}

function filesOf({ platforms }: Difference): readonly string[] {
  return platforms.flatMap(({ files }) =>
    files.map(({ path, change, differs }) => [change, path, differs.join()].join(' ').trimEnd()),
  );
}

type Entry = Parameters<typeof tarOf>[number];

async function layer(...entries: readonly Entry[]): Promise<ServedLayer> {
  return { bytes: await tarOf(...entries), compression: 'none' };
}

const at = (name: string, content = ''): Entry => ({ name, content });
const directory = (name: string): Entry => ({ name: `${name}/`, type: 'directory', mode: 0o755 });
const base = [directory('d'), at('d/a', 'a'), at('d/b', 'b'), at('z', 'z')];

/** Layers above one base, and whether they are enough to tell what differs. */
const stacks: readonly (readonly [
  title: string,
  before: readonly (readonly Entry[])[],
  after: readonly (readonly Entry[])[],
  files: readonly string[],
  readsBase: boolean,
])[] = [
  ['the same', [[at('x')]], [[at('x')]], [], false],
  ['one file, otherwise', [[at('z', '1')]], [[at('z', '2')]], ['changed /z content'], false],
  ['a layer more', [], [[at('y'), at('z', 'y')]], ['added /y', 'changed /z content'], true],
  ['a layer more that changes nothing', [], [[at('z', 'z')]], [], true],
  ['a whiteout', [], [[at('d/.wh.a')]], ['removed /d/a'], true],
  ['a whiteout of nothing', [], [[at('d/.wh.c')]], [], true],
  ['a whiteout of a directory', [], [[at('.wh.d')]], ['removed /d', 'removed /d/a', 'removed /d/b'], true],
  ['an opaque directory', [], [[directory('d'), at('d/.wh..wh..opq'), at('d/a', 'a')]], ['removed /d/b'], true],
  [
    'the same whiteout',
    [[at('d/.wh.a'), at('v', '1')]],
    [[at('d/.wh.a'), at('v', '2')], [at('x')]],
    ['changed /v content', 'added /x'],
    true,
  ],
  [
    'a link to a file of the base',
    [[{ name: 'l', type: 'hardlink', linkName: 'z' }]],
    [[{ name: 'l', type: 'hardlink', linkName: 'd/a' }]],
    ['changed /l content,link', 'changed /z link'],
    true,
  ],
];
for (const [title, before, after, files, readsBase] of stacks) {
  test(`layers on one base: ${title}`, async () => {
    await using rig = await Rig.setup();
    const below = await layer(...base);
    const stack = async (layers: readonly (readonly Entry[])[]) => [
      below,
      ...(await Promise.all(layers.map((entries) => layer(...entries)))),
    ];
    await using registry = await serveImages({ one: await stack(before), two: await stack(after) });
    const found = await difference(rig, ...['one', 'two'].map((name) => `docker-image://${registry.address}/${name}`));
    assert.deepEqual(filesOf(found), files);
    assert.equal(found.platforms[0]!.layers.shared, title === 'the same' ? 2 : 1);
    const digest = `sha256:${createHash('sha256').update(below.bytes).digest('hex')}`;
    assert.equal(registry.sent.has(digest), readsBase);
  });
}

test('what a file has', async () => {
  await using rig = await Rig.setup();
  await using registry = await serveImages({
    one: [await layer(at('f', 'a'), at('g'), { name: 'n', type: 'char-device', devMajor: 1, devMinor: 3 })],
    two: [
      await layer(
        { name: 'f', type: 'symlink', linkName: 'g' },
        { name: 'g', mode: 0o4755, uid: 7, xattrs: { 'security.capability': 'AQ==' }, mtime: 5 },
        { name: 'n', type: 'char-device', devMajor: 1, devMinor: 5 },
        { name: 'o\nf', type: 'hardlink', linkName: 'g' },
      ),
    ],
  });
  const names = ['one', 'two'].map((name) => `docker-image://${registry.address}/${name}`);
  const [{ files }] = (await difference(rig, ...names)).platforms as [Difference['platforms'][number]];
  assert.deepEqual(
    files.map(({ path, differs, after }) => [path, differs, after]),
    [
      ['/f', ['type'], { type: 'symlink', uid: 0, gid: 0, target: 'g', time: '1970-01-01T00:00:00.000Z' }],
      [
        '/g',
        ['mode', 'owner', 'xattrs'],
        {
          type: 'file',
          mode: '4755',
          uid: 7,
          gid: 0,
          size: 0,
          digest: `sha256:${createHash('sha256').digest('hex')}`,
          xattrs: { 'security.capability': 'AQ==' },
          time: '1970-01-01T00:00:05.000Z',
        },
      ],
      [
        '/n',
        ['device'],
        { type: 'char-device', mode: '0644', uid: 0, gid: 0, device: '1:5', time: '1970-01-01T00:00:00.000Z' },
      ],
      ['/o\nf', [], { ...files[1]!.after, link: '/g' }],
    ],
  );
  const { stdout } = await rig.cip('image', 'diff', ...names);
  const told = stdout.split('\n').filter((line) => / \//.test(line));
  assert.deepEqual(told, [
    '  ~ /f type file → symlink',
    '  ~ /g mode 0644 → 4755, owner 0:0 → 7:0, xattrs none → security.capability=AQ==',
    '  ~ /n device 1:3 → 1:5',
    String.raw`  + /o\nf file 4755 7:0 0 B = /g`,
  ]);
  const withTimes = await difference(rig, ...names, '--times');
  assert.deepEqual(withTimes.platforms[0]!.files[1]!.differs, ['mode', 'owner', 'xattrs', 'time']);
});

const dockerfile = (...lines: readonly string[]) => ['FROM scratch', 'COPY a /a', ...lines, ''].join('\n');

async function build(rig: Rig, lines: readonly string[], ...args: readonly string[]): Promise<void> {
  await rig.write({ 'c/Dockerfile': dockerfile(...lines), 'c/a': 'A\n' });
  const { status, stderr } = await rig.cip('build-image', 'c', ...args);
  assert.equal(status, 0, stderr);
}

test('an image is the same wherever it is, and however it is packed', async () => {
  await using rig = await Rig.setup({ registry: true });
  const name = `${rig.registry}/tool:1.0`;
  const outputs = ['-o', 'type=oci,dest=d,tar=false', '-o', 'type=docker,dest=t.tar,compression=zstd'];
  const platforms = ['--platform', 'linux/amd64,linux/arm64'];
  await build(rig, ['ENV A=b'], '-t', name, '--push', ...outputs, ...platforms);
  const places = [name, `docker-image://${name}`, 'oci-layout://d', 'oci-archive://t.tar'];
  for (const one of places)
    for (const other of places) {
      const { status, stdout, stderr } = await rig.cip('image', 'diff', one, other);
      assert.deepEqual([status, stdout], [0, ''], stderr);
    }
  const { before, platforms: found } = await difference(rig, name, places[1]!);
  assert.equal(before.name, name);
  assert.deepEqual(
    found.map(({ platform, layers }) => [platform, layers]),
    ['linux/amd64', 'linux/arm64'].map((platform) => [platform, { shared: 1, before: [], after: [] }]),
  );
  // No layer was needed for that.
  await rm(join(rig.project, 'd/blobs/sha256'), { recursive: true });
  const broken = await rig.cip('image', 'diff', name, 'oci-layout://d');
  assert.deepEqual([broken.status, complaintsIn(broken.stderr)], [2, ['layout-not-readable']]);
});

test('configuration, annotations and platforms', async () => {
  await using rig = await Rig.setup();
  const both = ['--platform', 'linux/amd64,linux/arm64'];
  const notes = (value: string) =>
    ['index', 'manifest', 'manifest-descriptor'].flatMap((level) => ['--annotation', `${level}:k=${value}`]);
  await build(rig, ['ENV A=b', 'USER 7'], '-t', 'a:1', ...both, ...notes('1'));
  await build(rig, ['ENV A=c', 'LABEL l=m'], '-t', 'a:2', '--platform', 'linux/arm64,linux/riscv64', ...notes('2'));
  const found = await difference(rig, 'a:1', 'a:2');
  const annotation = (field: string) => ({ field, name: 'k', before: '1', after: '2' });
  assert.deepEqual(found.annotations, [annotation('index')]);
  assert.deepEqual(
    found.platforms.map(({ platform, only, equal }) => [platform, only, equal]),
    [
      ['linux/amd64', 'before', false],
      ['linux/arm64', undefined, false],
      ['linux/riscv64', 'after', false],
    ],
  );
  const [, { config, annotations, layers, files }] = found.platforms as [unknown, Difference['platforms'][number]];
  assert.deepEqual(config, [
    { field: 'User', before: '7' },
    { field: 'Env', name: 'A', before: 'b', after: 'c' },
    { field: 'Labels', name: 'l', after: 'm' },
  ]);
  assert.deepEqual(annotations, ['manifest', 'manifest-descriptor'].map(annotation));
  assert.deepEqual([layers, files], [{ shared: 1, before: [], after: [] }, []]);
  const { stdout } = await rig.cip('image', 'diff', 'a:1', 'a:2');
  assert.deepEqual(stdout.split('\n'), [
    '--- a:1',
    '+++ a:2',
    '~ index k: "1" → "2"',
    'linux/amd64',
    '  - the whole platform',
    'linux/arm64',
    '  ~ manifest k: "1" → "2"',
    '  ~ manifest-descriptor k: "1" → "2"',
    '  - User: "7"',
    '  ~ Env A: "b" → "c"',
    '  + Labels l: "m"',
    'linux/riscv64',
    '  + the whole platform',
    '',
  ]);
});

test('what cip notes for itself is no difference', async () => {
  await using rig = await Rig.setup();
  for (const [at, version] of ['1.0.0', '1.1.0'].entries()) {
    await rig.write({
      'contexts/00-a/Dockerfile': `FROM scratch\nARG V=${version}\nCOPY f /f\n`,
      'contexts/00-a/f': 'F\n',
      'contexts/00-a/info.edn': `{:version "${version}"}`,
    });
    const { status, stderr } = await rig.cip('build', { env: { SOURCE_DATE_EPOCH: `${at}` } });
    assert.equal(status, 0, stderr);
  }
  const { stdout } = await rig.cip('image', 'ls', '*/a', '--json');
  const { images } = JSON.parse(stdout) as { readonly images: readonly { name: string; digest: string }[] };
  const [one, two] = ['1.0.0', '1.1.0'].map((version) => images.find(({ name }) => name.endsWith(version))!);
  assert.notEqual(one!.digest, two!.digest);
  assert.equal((await difference(rig, one!.name, two!.name)).equal, true);
  // When that was is a time as those of files.
  const { annotations } = await difference(rig, one!.name, two!.name, '--times');
  const [before, after] = ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01Z'];
  assert.deepEqual(annotations, [{ field: 'index', name: 'org.opencontainers.image.created', before, after }]);
});

test('other layers of the same files are no difference, and are told', async () => {
  await using rig = await Rig.setup();
  await build(rig, ['COPY a /b'], '-t', 'a:1');
  await build(rig, ['COPY a /b'], '-t', 'a:2', '--squash=all');
  const { platforms } = await difference(rig, 'a:1', 'a:2');
  assert.equal(platforms[0]!.equal, true);
  assert.deepEqual(
    [platforms[0]!.layers.shared, platforms[0]!.layers.before.length, platforms[0]!.layers.after.length],
    [0, 2, 1],
  );
  const { status, stdout } = await rig.cip('image', 'diff', 'a:1', 'a:2');
  assert.equal(status, 0);
  assert.match(
    stdout,
    /^--- a:1\n\+\+\+ a:2\nlinux\/\S+\n {2}= no layers of both\n( {2}- layer .*\n){2} {2}\+ layer .*\n$/,
  );
});

test('a layer that is broken, missing or none is a failure, and never a difference', async () => {
  await using rig = await Rig.setup();
  const honest = await layer(at('x', '1'));
  const claims = `sha256:${'0'.repeat(64)}`;
  const packed = gzipSync(honest.bytes);
  await using registry = await serveImages({
    good: [await layer(at('x', '2'))],
    untrue: [{ ...honest, claims }],
    cut: [{ bytes: packed.subarray(0, -20), compression: 'none', claims }],
  });
  const named = (name: string) => `docker-image://${registry.address}/${name}`;
  for (const [name, reason] of [
    ['untrue', 'layer-digest-mismatch'],
    ['cut', 'tar-truncated'],
  ] as const) {
    for (const words of [
      [named('good'), named(name)],
      [named(name), named('good')],
    ]) {
      const { status, stdout, stderr } = await rig.cip('image', 'diff', ...words, '--json');
      const { schema, failures } = JSON.parse(stdout) as Difference;
      assert.deepEqual([schema, failures.map((failure) => failure.reason)], ['cip.image-diff/v1', [reason]], stderr);
      assert.ok(status !== 0 && status !== 3, `${status}`);
    }
  }
  await build(rig, [], '-t', 'a:1', '-o', 'type=oci,dest=d,tar=false');
  const index = JSON.parse(await readFile(join(rig.project, 'd/index.json'), 'utf8')) as {
    readonly manifests: readonly [{ readonly digest: string }];
  };
  const file = join(rig.project, 'd/blobs', index.manifests[0].digest.replace(':', '/'));
  await writeFile(file, 'x');
  assert.equal((await rig.cip('image', 'diff', 'oci-layout://d', 'a:1')).status, 5);
});

for (const [words, complaint] of [
  ['image diff', 'missing-image-name'],
  ['image diff a:1', 'missing-image-name'],
  ['image diff a:1 b:1', 'image-not-stored'],
  ['image diff a:1 b:1 c:1', 'unexpected-argument'],
  ['image diff oci-layout://nowhere a:1', 'layout-not-readable'],
] as const) {
  test(`refused: ${words}`, async () => {
    await using rig = await Rig.setup();
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.equal(status, 2);
    assert.deepEqual(complaintsIn(stderr), [complaint]);
  });
}
