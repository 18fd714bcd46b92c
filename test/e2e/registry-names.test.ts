/** `cip registry ls` and `rm`: what registries list, and what they let go of, one that removes tags and one that removes images only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Place extends AsyncDisposable {
  readonly host: string;
  /** Whether a tag goes without its image. */
  readonly removesTags: boolean;
}

const places: Readonly<
  Record<string, { readonly needs: readonly string[]; readonly open: (rig: Rig) => Promise<Place> }>
> = {
  'of cip': {
    needs: [],
    open: async (rig) => ({ host: rig.registry, removesTags: true, async [Symbol.asyncDispose]() {} }),
  },
  'of Docker': {
    needs: ['docker-registry'],
    open: async () => {
      const temp = await tempDir();
      const registry = await startDockerRegistry(temp.path);
      return {
        host: registry.host,
        removesTags: false,
        async [Symbol.asyncDispose]() {
          await registry[Symbol.asyncDispose]();
          await temp[Symbol.asyncDispose]();
        },
      };
    },
  },
};

async function lines(rig: Rig, ...words: readonly string[]): Promise<readonly string[]> {
  const { status, stdout, stderr } = await rig.cip('registry', ...words);
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

async function refused(rig: Rig, ...words: readonly string[]): Promise<readonly string[]> {
  const { status, stderr } = await rig.cip('registry', ...words);
  assert.notEqual(status, 0);
  return complaintsIn(stderr);
}

/** Two images: `a` with the tags 1 and latest, `b` with 1. */
async function push(rig: Rig, host: string): Promise<void> {
  for (const [name, ...tags] of [
    ['team/a', '1', 'latest'],
    ['team/b', '1'],
    ['other', '1'],
  ]) {
    await rig.write({ 'c/Dockerfile': `FROM scratch\nCOPY <<x /x\n${name}\nx\n` });
    const flags = tags.flatMap((tag) => ['-t', `${host}/${name}:${tag}`]);
    const { status, stderr } = await rig.cip('build-image', 'c', '--push', ...flags);
    assert.equal(status, 0, stderr);
  }
}

for (const [title, { needs: components, open }] of Object.entries(places))
  test(`a registry ${title}`, needs(...components), async () => {
    await using rig = await Rig.setup({ registry: true });
    await using place = await open(rig);
    const { host, removesTags } = place;
    await push(rig, host);
    const full = (...names: readonly string[]) => names.map((name) => `${host}/${name}`);

    assert.deepEqual((await lines(rig, 'ls', host)).concat().sort(), full('other', 'team/a', 'team/b'));
    assert.deepEqual(
      (await lines(rig, 'ls', `--local-registry=${host}`)).concat().sort(),
      full('other', 'team/a', 'team/b'),
    );
    assert.deepEqual((await lines(rig, 'ls', `${host}/team`)).concat().sort(), full('team/a', 'team/b'));
    assert.deepEqual((await lines(rig, 'ls', `${host}/team/a/`)).concat().sort(), full('team/a:1', 'team/a:latest'));
    assert.deepEqual(await refused(rig, 'ls', `${host}/tea`), ['image-not-in-registry']);
    const { stdout } = await rig.cip('registry', 'ls', `${host}/team/b`, '--json');
    assert.deepEqual(JSON.parse(stdout), {
      schema: 'cip.registry/v1',
      command: 'registry ls',
      repositories: [],
      tags: full('team/b:1'),
      failures: [],
    });

    // One that is not there, and nothing goes.
    assert.deepEqual(await refused(rig, 'rm', `${host}/team/b:1`, `${host}/team/b:2`), ['image-not-in-registry']);
    assert.deepEqual(await refused(rig, 'rm', `${host}/team/b`), ['tag-not-named']);
    assert.deepEqual(await lines(rig, 'ls', `${host}/team/b`), full('team/b:1'));
    assert.deepEqual(await lines(rig, 'rm', `${host}/team/b:1`), full('team/b:1'));
    assert.deepEqual(await refused(rig, 'rm', `${host}/team/b:1`), ['image-not-in-registry']);
    // Where it is still listed, it is no mistake to name it.
    const isListed = (await lines(rig, 'ls', host)).includes(`${host}/team/b`);
    if (isListed) assert.deepEqual(await lines(rig, 'ls', `${host}/team/b`), full('team/b'));
    else assert.deepEqual(await refused(rig, 'ls', `${host}/team/b`), ['image-not-in-registry']);

    // Another tag of the same image stays, or nothing goes.
    if (removesTags) {
      assert.deepEqual(await lines(rig, 'rm', `${host}/team/a:1`), full('team/a:1'));
      assert.deepEqual(await lines(rig, 'ls', `${host}/team/a`), full('team/a:latest'));
    } else {
      assert.deepEqual(await refused(rig, 'rm', `${host}/team/a:1`), ['tag-not-removable']);
      assert.deepEqual((await lines(rig, 'ls', `${host}/team/a`)).concat().sort(), full('team/a:1', 'team/a:latest'));
      assert.deepEqual(
        await lines(rig, 'rm', `${host}/team/a:1`, `${host}/team/a:latest`),
        full('team/a:1', 'team/a:latest'),
      );
    }
    // By digest, with all of its tags.
    await push(rig, host);
    const inspected = await rig.cip('image', 'inspect', '--json', `docker-image://${host}/team/a:1`);
    const { digest } = JSON.parse(inspected.stdout) as { readonly digest: string };
    assert.deepEqual(await lines(rig, 'rm', `${host}/team/a@${digest}`), full(`team/a@${digest}`));
    assert.deepEqual(await refused(rig, 'rm', `${host}/team/a:latest`), ['image-not-in-registry']);
  });

test('registry ls leads to the local registry where none is named', async () => {
  await using rig = await Rig.setup();
  for (const [typed, want] of [
    ['shop', 'write localhost:5000/shop, or'],
    ['team/shop', 'write localhost:5000/team/shop, or'],
  ] as const) {
    const { status, stderr } = await rig.cip('registry', 'ls', typed);
    assert.deepEqual([status, stderr.includes(want)], [2, true], stderr);
  }
});

for (const [words, complaint] of [
  ['registry rm', 'missing-image-name'],
  ['registry rm A:1', 'image-name-invalid'],
  ['registry ls ftp://x', 'image-name-invalid'],
  ['registry ls 127.0.0.1:1', 'registry-unreachable'],
] as const)
  test(`refused: ${words}`, async () => {
    await using rig = await Rig.setup();
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.notEqual(status, 0);
    assert.deepEqual(complaintsIn(stderr), [complaint]);
  });
