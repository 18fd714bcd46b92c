/** `cip why` for the commands that it explains, over two platforms, and with options: each cause once, with where it applies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const info = '{:version "1.0.0" :platforms ["linux/amd64" "linux/arm64"]}\n';
const files = {
  'contexts/01-lib/info.edn': info,
  'contexts/01-lib/lib.txt': 'one\n',
  'contexts/01-lib/Dockerfile': 'FROM scratch\nCOPY lib.txt /\n',
  'contexts/02-app/info.edn': info,
  'contexts/02-app/a.txt': 'one\n',
  'contexts/02-app/Dockerfile':
    'ARG REGISTRY\nFROM ${REGISTRY}/lib:1.0.0\nCOPY --from=${REGISTRY}/lib:1.0.0 /lib.txt /again\nARG TARGETARCH\nARG WORD\nCOPY a.txt /$TARGETARCH-$WORD\n',
};

interface Told {
  readonly name: string;
  readonly action: string;
  readonly cause: Readonly<Record<string, unknown>> | null;
  readonly also: readonly Readonly<Record<string, unknown>>[];
}

async function why(rig: Rig, ...words: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await rig.cip('why', '--json', ...words);
  assert.notEqual(stdout, '', stderr);
  const { images } = JSON.parse(stdout) as { readonly images: readonly Told[] };
  assert(Array.isArray(images), stderr);
  return images.map(({ name, action, cause, also }) => {
    const causes = [...(cause ? [cause] : []), ...also].map(
      ({ reason, path, name: of, parent, platforms, through, plan }) =>
        [
          reason,
          path ?? of ?? parent ?? (plan as { code?: string } | undefined)?.code,
          platforms,
          through && `through ${through}`,
        ]
          .filter(Boolean)
          .join(' '),
    );
    return `${name} ${action}: ${causes.join('; ')}`;
  });
}

test('why of builds and publishing, over platforms and with options', needs('linux', 'user namespaces'), async (t) => {
  await using rig = await Rig.setup({ files, registry: true });
  const to = `--remote-registry=${rig.registry}/r`;
  const done = async (...words: readonly string[]) => {
    const { status, stderr } = await rig.cip(...words);
    assert.equal(status, 0, stderr);
  };
  await done('build');
  await t.test('nothing changed', async () => {
    assert.deepEqual(await why(rig), ['lib up-to-date: ', 'app up-to-date: ']);
  });
  await t.test('publish, where nothing was published', async () => {
    assert.deepEqual(await why(rig, 'publish', to), ['lib build: never-built', 'app build: never-built']);
  });
  await done('publish', to);
  await t.test('publish, where all was', async () => {
    assert.deepEqual(await why(rig, 'publish', to), ['lib up-to-date: ', 'app up-to-date: ']);
  });
  await t.test('a file of both platforms', async () => {
    await rig.write({ 'contexts/01-lib/lib.txt': 'two\n' });
    assert.deepEqual(await why(rig), [
      'lib build: file-content contexts/01-lib/lib.txt',
      'app build: parent-changed lib',
    ]);
    assert.deepEqual(await why(rig, 'publish', to), [
      'lib drift: file-content contexts/01-lib/lib.txt; planned changed-without-bump',
      'app drift: parent-changed lib; planned changed-without-bump',
    ]);
    await rig.write({ 'contexts/01-lib/info.edn': info.replace('1.0.0', '1.1.0') });
    assert.deepEqual(
      (await why(rig, 'publish', to, 'lib'))[0],
      'lib build: file-content contexts/01-lib/lib.txt; planned missing',
    );
    await rig.write(files);
  });
  const given: readonly [words: readonly string[], told: readonly string[]][] = [
    [['--squash=app'], ['lib build: option-changed --squash', 'app build: option-changed --squash through lib']],
    [
      ['--label', 'a=b'],
      ['lib build: option-changed --label a', 'app build: option-changed --label a through lib'],
    ],
    [
      ['--', '--build-arg', 'WORD=b'],
      ['lib up-to-date: ', 'app build: argument-changed WORD'],
    ],
  ];
  for (const [words, told] of given)
    await t.test(words.join(' '), async () => {
      assert.deepEqual(await why(rig, ...words), told);
    });
});

test('why of an image that is made for another machine', needs('linux'), async () => {
  const other = `linux/${process.arch === 'x64' ? 'arm64' : 'amd64'}`;
  await using rig = await Rig.setup({
    files: {
      'contexts/01-app/Dockerfile': 'FROM scratch\nCOPY a /\n',
      'contexts/01-app/a': 'a',
      'contexts/01-app/info.edn': `{:version "1.0.0" :platforms ["${other}"]}\n`,
    },
  });
  assert.deepEqual(await why(rig), ['app skipped-platform: planned platform-excluded']);
});
