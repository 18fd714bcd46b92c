/** Images built where only root exists, and what is made of them where users have a range of ids: store, caches, registry. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { annotations } from '../../src/oci/annotations.ts';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { type Person, personWithSubids, self } from '../worker/people.ts';

const exec = promisify(execFile);
const options = needs('linux', 'root', 'busybox', 'newuidmap', 'setpriv', 'useradd', 'user namespaces');

const info = '{:version "1.0.0"}\n';
const project = async () => ({
  'contexts/00-copied/Dockerfile': 'FROM scratch\nCOPY --chown=1:1 --chmod=2755 file /t/file\nADD owned.tar /t/\n',
  'contexts/00-copied/file': 'text\n',
  'contexts/00-copied/owned.tar': await ownedTar(),
  'contexts/01-run/Dockerfile': `FROM scratch
COPY --chmod=755 busybox /bin/sh
COPY --chmod=755 busybox /bin/busybox
COPY --chown=7:8 file /t/owned
RUN busybox stat -c %u:%g /t/owned > /t/seen; busybox touch -d @0 /t/seen /t
RUN echo > /t/given; busybox chown 5:6 /t/given 2> /dev/null; busybox touch -d @0 /t/given /t
`,
  'contexts/01-run/busybox': await readFile('/bin/busybox'),
  'contexts/01-run/file': 'text\n',
  'contexts/02-child/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/run:1.0.0\nCOPY file /t/more\n',
  'contexts/02-child/file': 'more\n',
  ...Object.fromEntries(['00-copied', '01-run', '02-child'].map((name) => [`contexts/${name}/info.edn`, info])),
});

const as = ({ uid, gid }: Person) =>
  uid === self.uid ? [] : ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
const withIds = () => as(personWithSubids());
/** The same person where newuidmap is not to be found. */
const withoutIds = () => [
  ...['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null "$(command -v newuidmap)" && exec "$@"', 'sh'],
  ...as(personWithSubids()),
];
/** Root of a namespace in which nobody else exists. */
const rootAlone = () => ['unshare', '--user', '--map-root-user'];

/** Root of a namespace with as many ids, which are others on the machine. Maps are written from outside, once it is there. */
const rootOf = (ids: number) => {
  const script = `
dir=$(mktemp -d); mkfifo "$dir/go"
unshare --user sh -c 'read -r x < "$0/go"; exec setpriv --reuid 0 --regid 0 --clear-groups "$@"' "$dir" "$@" & pid=$!
while [ "$(readlink /proc/$pid/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
for map in uid_map gid_map; do printf '0 0 1\\n1 200000 ${ids - 1}\\n' > /proc/$pid/$map; done
echo > "$dir/go"; wait $pid; status=$?; rm -r "$dir"; exit $status`;
  return ['sh', '-c', script, 'sh'];
};

const epoch = { SOURCE_DATE_EPOCH: '1' };

test(
  'a store: what was built without ids is up to date without them, and built again with them',
  options,
  async (t) => {
    await using rig = await rigOf(personWithSubids());
    const build = (through: readonly string[]) => actionsOf(rig, ['build', '--json'], through);
    await t.test('without ids all is built, and what ran steps says what it lacks', async () => {
      assert.deepEqual(await build(withoutIds()), { copied: 'built', run: 'built', child: 'built' });
      assert.deepEqual(await marks(rig), { copied: false, run: true, child: true });
    });
    await t.test('again: nothing is to do', async () => {
      assert.deepEqual(await build(withoutIds()), { copied: 'untouched', run: 'untouched', child: 'untouched' });
    });
    await t.test('with ids the plan says why it is built again', async () => {
      const { stdout } = await rig.cip('plan', '--json', { through: withIds(), env: epoch });
      const { images } = JSON.parse(stdout) as {
        images: { name: string; action: string; reasons: { code: string }[] }[];
      };
      assert.deepEqual(
        images.map(({ name, action, reasons }) => [name, action, ...reasons.map(({ code }) => code)]),
        [
          ['copied', 'up-to-date', 'same-key'],
          ['run', 'build', 'owners-lost'],
          ['child', 'build', 'owners-lost'],
        ],
      );
    });
    await t.test('nothing of what was kept of the first build is in the second', async () => {
      assert.deepEqual(await build(withIds()), { copied: 'untouched', run: 'built', child: 'built' });
      assert.deepEqual(await marks(rig), { copied: false, run: false, child: false });
      await using other = await rigOf(self);
      assert.deepEqual(await actionsOf(other, ['build', '--json'], []), {
        copied: 'built',
        run: 'built',
        child: 'built',
      });
      assert.deepEqual(await manifests(rig), await manifests(other));
    });
    await t.test('and without ids it is as good', async () => {
      assert.deepEqual(await build(withoutIds()), { copied: 'untouched', run: 'untouched', child: 'untouched' });
    });
  },
);

test('root of a namespace where nobody else exists is no better', options, async () => {
  await using rig = await rigOf(self);
  const { status, stderr } = await rig.cip('build', { through: rootAlone(), env: epoch });
  assert.equal(status, 0, stderr);
  assert.deepEqual(await marks(rig), { copied: false, run: true, child: true });
  assert.deepEqual(await actionsOf(rig, ['build', '--json'], []), {
    copied: 'untouched',
    run: 'built',
    child: 'built',
  });
});

test('an older version of the project that a reference still names hands the mark on', options, async () => {
  await using rig = await rigOf(personWithSubids());
  const build = (through: readonly string[], ...args: string[]) => rig.cip('build', ...args, { through, env: epoch });
  assert.equal((await build(withoutIds(), 'run', 'copied')).status, 0);
  await rig.write({ 'contexts/01-run/info.edn': '{:version "2.0.0"}\n' });
  assert.equal((await build(withoutIds(), 'child')).status, 0);
  assert.equal((await marks(rig))['child'], true);
});

test('root of a namespace with few ids keeps no owners, and with many keeps its layers apart', options, async () => {
  await using few = await rigOf(self);
  assert.equal((await few.cip('build', { through: rootOf(1024), env: epoch })).status, 0);
  assert.deepEqual(await marks(few), { copied: false, run: true, child: true });

  await using rig = await rigOf(self);
  assert.equal((await rig.cip('build', { through: rootOf(65_536), env: epoch })).status, 0);
  assert.deepEqual(await marks(rig), { copied: false, run: false, child: false });
  // The machine's own root, on what that one has unpacked.
  const step =
    'ARG REGISTRY\nFROM ${REGISTRY}/run:1.0.0\nRUN busybox stat -c %u:%g /t/owned > /t/again; busybox touch -d @0 /t/again /t\n';
  await rig.write({ 'contexts/02-child/Dockerfile': step });
  assert.equal((await rig.cip('build', { env: epoch })).status, 0);
  await using other = await rigOf(self);
  await other.write({ 'contexts/02-child/Dockerfile': step });
  assert.equal((await other.cip('build', { env: epoch })).status, 0);
  assert.deepEqual(await manifests(rig), await manifests(other));
});

test('publish refuses it before anything is built, and an option allows it', options, async (t) => {
  await using rig = await rigOf(personWithSubids(), true);
  const { registry } = rig;
  const publish = (through: readonly string[], ...args: string[]) =>
    rig.cip('publish', '--only-local-platform', '--remote-registry', registry, ...args, { through, env: epoch });

  await t.test('what runs no steps is published', async () => {
    const { status, stderr } = await publish(withoutIds(), 'copied');
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /owners/);
  });
  await t.test('the rest is not: exit 5, the remedy, and no worker is started', async () => {
    const { status, stderr } = await publish(withoutIds());
    assert.deepEqual({ status, told: complaintsIn(stderr) }, { status: 5, told: ['owners-lost'] }, stderr);
    assert.match(stderr, /= fix: install uidmap .*; or pass --allow-lost-owners$/m);
    assert.doesNotMatch(stderr, /Publishing/);
    assert.deepEqual(await tags(registry, 'run'), []);
  });
  await t.test('nor is what a local build has left in the store', async () => {
    const built = await rig.cip('build', '--local-registry', registry, { through: withoutIds(), env: epoch });
    assert.equal(built.status, 0, built.stderr);
    const { status, stderr } = await publish(withoutIds());
    assert.deepEqual({ status, told: complaintsIn(stderr) }, { status: 5, told: ['owners-lost'] }, stderr);
  });
  await t.test('a plan says so too', async () => {
    const args = ['plan', 'publish', '--remote-registry', registry, '--only-local-platform', '--json'];
    const { status, stdout } = await rig.cip(...args, { through: withoutIds(), env: epoch });
    assert.equal(status, 5);
    assert.deepEqual(JSON.parse(stdout).failures[0].reason, 'owners-lost');
  });
  await t.test('with the option it is, with a warning', async () => {
    const { status, stderr } = await publish(withoutIds(), '--allow-lost-owners');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^warning\[owners-lost\]/m);
    assert.deepEqual(await tags(registry, 'child'), ['1.0.0', 'latest']);
  });
  await t.test('a machine with ids leaves it, and says so', async (inner) => {
    await using ci = await rigOf(self);
    const args = ['publish', '--only-local-platform', '--remote-registry', registry, '--json'];
    const { status, stdout, stderr } = await ci.cip(...args, { env: epoch });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^\[run\] skip: built without a range of ids/m);
    assert.deepEqual(
      JSON.parse(stdout).images.map(({ name, action }: { name: string; action: string }) => [name, action]),
      [
        ['copied', 'up-to-date'],
        ['run', 'owners-lost'],
        ['child', 'owners-lost'],
      ],
    );
    await inner.test('what is built from it would be no better, until its version is raised', async () => {
      await writeFile(join(ci.project, 'contexts/02-child/info.edn'), '{:version "1.0.1"}\n');
      const refused = await ci.cip(...args.slice(0, -1), { env: epoch });
      assert.deepEqual(
        { status: refused.status, told: complaintsIn(refused.stderr) },
        { status: 5, told: ['owners-lost'] },
      );
      assert.match(refused.stderr, /= fix: raise the version of run; or pass/);
      await writeFile(join(ci.project, 'contexts/01-run/info.edn'), '{:version "1.0.1"}\n');
      const cascaded = await ci.cip('cascade');
      assert.equal(cascaded.status, 0, cascaded.stderr);
      const published = await ci.cip(...args.slice(0, -1), { env: epoch });
      assert.equal(published.status, 0, published.stderr);
      assert.deepEqual(await marks(ci, registry, '1.0.1', ['run']), { run: false });
    });
  });
});

test('a remote registry that is the local one takes it as well', options, async () => {
  await using rig = await rigOf(personWithSubids(), true);
  const { registry } = rig;
  const args = ['publish', 'run', '--only-local-platform', '--remote-registry', `${registry}/group`];
  const { status, stderr } = await rig.cip(...args, '--local-registry', registry, {
    through: withoutIds(),
    env: epoch,
  });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^warning\[owners-lost\]/m);
});

test('publish-locally takes it, with a warning', options, async () => {
  await using rig = await rigOf(personWithSubids(), true);
  const args = ['publish-locally', '--local-registry', rig.registry];
  const { status, stderr } = await rig.cip(...args, { through: withoutIds(), env: epoch });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^warning\[owners-lost\]: files of run, child have lost/m);
  const again = await rig.cip(...args, { through: withoutIds(), env: epoch });
  assert.doesNotMatch(again.stderr, /warning/);
});

async function rigOf({ uid, gid }: Person, registry = false): Promise<Rig> {
  const rig = await Rig.setup({ files: await project(), registry });
  const home = dirname(rig.project);
  await mkdir(rig.store, { recursive: true });
  for (const path of [home, rig.project]) await chmod(path, 0o755);
  await exec('chown', ['-R', `${uid}:${gid}`, rig.store, rig.project, home]);
  return rig;
}

async function actionsOf(rig: Rig, args: readonly string[], through: readonly string[]) {
  const { status, stdout, stderr } = await rig.cip(...args, { through, env: epoch });
  assert.equal(status, 0, stderr);
  const { images } = JSON.parse(stdout) as { images: { name: string; status: string }[] };
  return Object.fromEntries(images.map(({ name, status }) => [name, status]));
}

interface Entry {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The one entry of each index of the store. */
async function entries(
  { store }: Rig,
  registry = 'localhost:5000',
  version = '1.0.0',
  names: readonly string[] = ['copied', 'run', 'child'],
): Promise<readonly (readonly [string, Entry])[]> {
  const blob = async (digest: string) =>
    JSON.parse(await readFile(join(store, 'images/blobs/sha256', digest.slice('sha256:'.length)), 'utf8'));
  const index = JSON.parse(await readFile(join(store, 'images/index.json'), 'utf8')) as { manifests: Entry[] };
  return await Promise.all(
    names.map(async (name) => {
      const found = index.manifests.find(
        (one) => one.annotations?.[annotations.refName] === `${registry}/${name}:${version}`,
      );
      return [name, (await blob(found!.digest)).manifests[0] as Entry] as const;
    }),
  );
}

async function marks(...args: Parameters<typeof entries>): Promise<Record<string, boolean>> {
  return Object.fromEntries(
    (await entries(...args)).map(([name, entry]) => [name, entry.annotations?.[annotations.ownersLost] === 'true']),
  );
}

async function manifests(rig: Rig): Promise<Record<string, string>> {
  return Object.fromEntries((await entries(rig)).map(([name, { digest }]) => [name, digest]));
}

async function tags(registry: string, name: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${registry}/v2/${name}/tags/list`);
  if (answer.status === 404) return [];
  return ((await answer.json()) as { tags: string[] }).tags.toSorted();
}

/** A file of somebody else, setgid, in an archive. */
async function ownedTar(): Promise<Buffer> {
  const args = ['--create', '--owner=42', '--group=43', '--mtime=@0', '--transform=s,.*,archived,', '/etc/hostname'];
  const { stdout } = await exec('tar', args, { encoding: 'buffer' });
  return stdout;
}
