/** The real program as people without rights run it, each in a project, a home and a store of their own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { leftovers, strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { treeOf } from '../support/tree-of.ts';
import { nobodyInParticular, type Person, personWithSubids } from '../worker/people.ts';

const exec = promisify(execFile);
const options = needs('busybox', 'newuidmap', 'root', 'setpriv', 'skopeo', 'umoci', 'user namespaces');

const project = async () => ({
  'contexts/00-base/Dockerfile': `FROM scratch
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir /t /t/base && echo base > /t/base/gone && echo base > /t/base/kept && chmod 700 /t/base
`,
  'contexts/00-base/busybox': await readFile('/bin/busybox'),
  'contexts/01-tool/Dockerfile': `ARG REGISTRY
FROM \${REGISTRY}/base:1.0.0
COPY --chmod=4711 script /t/script
RUN cd /t && mkdir -m 2750 d && echo 1 > d/f && chmod 400 d/f && ln d/f d/same && ln -s d/f link && rm base/gone
RUN echo "$(id -u):$(id -g) of $(stat -c %u:%g /t/d)" > /t/id
RUN true
`,
  'contexts/01-tool/script': '#!/bin/sh\n',
  'contexts/02-owners/Dockerfile': `ARG REGISTRY
FROM \${REGISTRY}/tool:1.0.0
COPY --chown=7:8 script /t/copied
RUN echo 2 > /t/given && chown 5:6 /t/given && chown -h 5:6 /t/link
USER 1000:1001
WORKDIR /t/work
RUN id -u > who
`,
  'contexts/02-owners/script': '#!/bin/sh\n',
  ...Object.fromEntries(
    ['00-base', '01-tool', '02-owners'].map((name) => [`contexts/${name}/info.edn`, '{:version "1.0.0"}\n']),
  ),
});

const tool = {
  base: 'dir 700 0:0',
  'base/kept': 'file 644 0:0 base',
  d: 'dir 2750 0:0',
  'd/f': 'file 400 0:0 1',
  'd/same': 'same as t/d/f',
  id: 'file 644 0:0 0:0 of 0:0',
  link: 'link d/f',
  script: 'file 4711 0:0 #!/bin/sh',
};

const owners = {
  ...tool,
  copied: 'file 644 7:8 #!/bin/sh',
  given: 'file 644 5:6 2',
  work: 'dir 755 1000:1001',
  'work/who': 'file 644 1000:1001 1000',
};

/** Starts what follows as this person. */
const as = ({ uid, gid }: Person) => ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];

/** Starts what follows where newuidmap is not to be found. */
const withoutHelper = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount --bind /dev/null "$(command -v newuidmap)" && exec "$@"',
  'sh',
];

const people: [title: string, person: () => Person, through: readonly string[], lacking: string | undefined][] = [
  ['with a range of ids', personWithSubids, [], undefined],
  ['without a range of ids', () => nobodyInParticular, [], '/etc/subuid'],
  ['with a range of ids, but without newuidmap', personWithSubids, withoutHelper, 'newuidmap'],
];

for (const [title, who, before, lacking] of people) {
  test(`an ordinary user ${title}`, options, async (t) => {
    const person = who();
    const { rig, home } = await rigOf(person);
    await using _ = rig;
    const through = [...before, ...as(person)];

    await t.test('builds, and is told what gets lost, if anything does', async () => {
      const { status, stderr, ...rest } = await rig.cip('build', '--keep-going', '--json', { through });
      const ended = statuses(rest);
      if (lacking === undefined) {
        assert.equal(status, 0, stderr);
        assert.deepEqual(ended, { base: 'built', tool: 'built', owners: 'built' });
        assert.doesNotMatch(stderr, /warning/);
      } else {
        assert.equal(status, 1, stderr);
        assert.deepEqual(ended, { base: 'built', tool: 'built', owners: 'failed' });
        const warnings = stderr.split('\n').filter((line) => line.startsWith('warning'));
        assert.equal(warnings.length, 1, stderr);
        assert.ok(warnings[0]!.includes(lacking) && warnings[0]!.includes('belongs to root'), warnings[0]);
        assert.match(stderr, /^error\[(run-failed|id-not-mapped)\]/m);
      }
    });

    await t.test('the images are what the Dockerfiles say', async () => {
      assert.deepEqual(await unpacked(rig, 'tool'), tool);
      if (lacking === undefined) assert.deepEqual(await unpacked(rig, 'owners'), owners);
    });

    await t.test('the store is theirs, and other tools read it with no more rights', async () => {
      const { stdout: notTheirs } = await exec('find', [rig.store, '!', '-uid', `${person.uid}`, '-print']);
      // Owners of a map of ids are real in snapshots, and nowhere else.
      const outside = notTheirs
        .split('\n')
        .filter((path) => path !== '' && !path.startsWith(join(rig.store, 'snapshots')));
      assert.deepEqual(outside, []);
      const image = `oci:${join(rig.store, 'images')}:localhost:5000/tool:1.0.0`;
      const [command, ...args] = [...as(person), 'env', `HOME=${home}`, 'skopeo', 'inspect', image];
      const { stdout } = await exec(command!, args, { cwd: rig.project });
      assert.equal(JSON.parse(stdout).Os, 'linux');
    });

    await t.test('again: nothing is built', async () => {
      const start = performance.now();
      const { status, stderr, ...rest } = await rig.cip('build', 'tool', '--json', { through });
      t.diagnostic(`nothing to do: ${Math.round(performance.now() - start)} ms`);
      assert.equal(status, 0, stderr);
      assert.deepEqual(statuses(rest), { tool: 'untouched' });
      assert.doesNotMatch(stderr, /warning/);
    });

    await t.test('no processes, mounts or files are left', async () => {
      assert.deepEqual(await leftovers(home), []);
      assert.deepEqual(await strayFiles(rig.store), []);
    });
  });
}

test('a machine without user namespaces: the remedy, and only building needs them', options, async (t) => {
  const person = personWithSubids();
  const { rig } = await rigOf(person);
  await using _ = rig;
  const refusing = ['unshare', '-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'];
  const through = [...as(person), ...refusing];

  await t.test('build: exit 5, the sysctl that helps, and an empty store', async () => {
    const { status, stderr, stdout } = await rig.cip('build', { through });
    assert.deepEqual({ status, stdout }, { status: 5, stdout: '' });
    assert.match(stderr, /^error\[no-user-namespaces\]/m);
    assert.match(stderr, /= fix: sudo sysctl -w user\.max_user_namespaces=\d+$/m);
    assert.deepEqual(await strayFiles(rig.store), []);
  });

  await t.test('doctor says the same, and to who seems to be root what a chroot needs', async () => {
    const { status, stdout } = await rig.cip('doctor', { through });
    assert.equal(status, 5);
    assert.match(
      stdout,
      /^missing +user-namespaces .*\n +fix: sudo sysctl -w user\.max_user_namespaces=\d+(?:; or for steps in a chroot, .*)?$/m,
    );
  });

  await t.test('plan and graph work, and so does a build with nothing to do', async () => {
    const built = await rig.cip('build', 'tool', { through: as(person) });
    assert.equal(built.status, 0, built.stderr);
    for (const args of [['plan'], ['graph'], ['check'], ['build', 'tool']]) {
      const { status, stderr } = await rig.cip(...args, { through });
      assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    }
  });
});

async function rigOf({ uid, gid }: Person): Promise<{ readonly rig: Rig; readonly home: string }> {
  const rig = await Rig.setup({ files: await project() });
  const home = dirname(rig.project);
  await exec('chown', ['-R', `${uid}:${gid}`, home]);
  return { rig, home };
}

/** What is below /t of an image of the store, with the owners that its layers name. */
async function unpacked(rig: Rig, name: string): Promise<Record<string, string>> {
  await using dir = await tempDir();
  const bundle = join(dir.path, 'bundle');
  await exec('umoci', ['unpack', '--image', `${join(rig.store, 'images')}:localhost:5000/${name}:1.0.0`, bundle]);
  return await treeOf(join(bundle, 'rootfs'), 't');
}

function statuses({ stdout }: Pick<Outcome, 'stdout'>): Record<string, string> {
  const { images } = JSON.parse(stdout) as { images: { name: string; status: string }[] };
  return Object.fromEntries(images.map(({ name, status }) => [name, status]));
}
