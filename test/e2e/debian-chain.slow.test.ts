/**
 * A chain of four images on a real Debian, with the steps that real images have. What umoci unpacks is compared with that
 * Debian, path by path: what the steps did is there, and nothing else is.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { debianRootfs } from '../support/fixtures.ts';
import { leftovers } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { type Person, personWithSubids, self } from '../worker/people.ts';

const exec = promisify(execFile);
const options = needs(
  'newuidmap',
  'root',
  'setpriv',
  'skopeo',
  'tar',
  'test/support/debian-rootfs.sh',
  'umoci',
  'user namespaces',
);

const project = (debian: string) => ({
  'contexts/00-slim/Dockerfile': `FROM ${debian}
ENV LC_ALL=C.UTF-8
RUN rm -r /usr/share/perl/5.36.0/pod /usr/bin/perlbug && rm /usr/bin/perldoc
RUN sed -i 's/^PRETTY_NAME=.*/PRETTY_NAME="Ours"/' /usr/lib/os-release \\
 && ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
RUN true
`,
  'contexts/01-users/Dockerfile': `ARG REGISTRY
FROM \${REGISTRY}/slim:1.0.0
RUN groupadd --gid 1600 ops && useradd --create-home --uid 1500 --groups ops --shell /bin/bash builder
RUN adduser --quiet --disabled-password --gecos '' --uid 1501 deployer
RUN install --directory --owner builder --group ops --mode 2775 /srv/shared \\
 && install --owner builder --group ops --mode 6755 /usr/bin/id /usr/local/bin/id-of-builder
USER deployer
RUN id > ~/me && id-of-builder > ~/through-setuid
USER root
RUN chown -R deployer:ops /home/deployer/me && chmod g+s,o-rwx /home/builder
`,
  'contexts/02-tools/Dockerfile': `ARG REGISTRY
FROM \${REGISTRY}/users:1.0.0
WORKDIR /opt/tools
COPY --chown=builder:ops --chmod=755 tool .
RUN dpkg-query --show --showformat '\${Package}\\n' | sort > packages && dpkg --status bash > /dev/null
RUN perl -MDigest::SHA=sha256_hex -e 'print sha256_hex("a" x 1_000_000), "\\n"' > digest
RUN head -c 100M /dev/zero > zeros && head -c 20M /dev/urandom > random && sha256sum random > random.sha256
RUN ln random hard && chmod 600 random && chown builder random
USER builder
RUN ./tool > /srv/shared/said && touch -d 2001-02-03T04:05:06.789Z /srv/shared/old
`,
  'contexts/02-tools/tool': '#!/usr/bin/perl -T\nprint "$< $> @{[getpwuid $<]}[0]\\n";\n',
  'contexts/03-app/Dockerfile': `ARG REGISTRY
FROM \${REGISTRY}/tools:1.0.0
USER root
RUN sha256sum --check --quiet random.sha256 && cmp random hard && rm random zeros
RUN userdel deployer && rm -r /usr/local/bin && mkdir /usr/local/bin
RUN true
RUN --mount=type=tmpfs,target=/scratch dpkg --verify bash coreutils && mount > /scratch/mounts
USER builder
CMD ["/opt/tools/tool"]
`,
  ...Object.fromEntries(
    ['00-slim', '01-users', '02-tools', '03-app'].map((name) => [`contexts/${name}/info.edn`, '{:version "1.0.0"}\n']),
  ),
});

/** What the chain does to its base; accounts and their backups are what useradd, adduser and userdel write. */
const changes = {
  removed: ['usr/bin/perlbug', 'usr/bin/perldoc', 'usr/share/perl/5.36.0/pod'],
  changed: [
    'etc/group',
    'etc/group-',
    'etc/gshadow',
    'etc/localtime',
    'etc/passwd',
    'etc/passwd-',
    'etc/shadow',
    'etc/subgid',
    'etc/subuid',
    'usr/lib/os-release',
  ],
  added: [
    'etc/gshadow- file 640 0:42',
    'etc/shadow- file 640 0:42',
    'etc/subgid- file 644 0:0',
    'etc/subuid- file 644 0:0',
    'home/builder dir 2750 1500:1500',
    'home/builder/.bash_logout file 644 1500:1500',
    'home/builder/.bashrc file 644 1500:1500',
    'home/builder/.profile file 644 1500:1500',
    'home/deployer dir 700 1501:1501',
    'home/deployer/.bash_logout file 644 1501:1501',
    'home/deployer/.bashrc file 644 1501:1501',
    'home/deployer/.profile file 644 1501:1501',
    'home/deployer/me file 644 1501:1600',
    'home/deployer/through-setuid file 644 1501:1501',
    'opt/tools dir 755 0:0',
    'opt/tools/digest file 644 0:0',
    'opt/tools/hard file 600 1500:0',
    'opt/tools/packages file 644 0:0',
    'opt/tools/random.sha256 file 644 0:0',
    'opt/tools/tool file 755 1500:1600',
    'run/adduser file 644 0:0',
    'srv/shared dir 2775 1500:1600',
    'srv/shared/old file 644 1500:1600',
    'srv/shared/said file 644 1500:1600',
  ],
};

const people: [title: string, person: () => Person][] = [
  ['root', () => self],
  ['an ordinary user', personWithSubids],
];

for (const [title, who] of people) {
  suite(`a chain on Debian, built by ${title}`, options, () => {
    let rig: Rig;
    let home: string;
    let rootfs: string;
    let debian: string;

    before(async () => {
      rig = await Rig.setup({ registry: true });
      home = dirname(rig.project);
      debian = join(home, 'debian');
      rootfs = join(home, 'bundle', 'rootfs');
      await mkdir(debian);
      await exec('tar', ['-C', debian, '-xpf', debianRootfs, '--numeric-owner']);
      const layout = join(home, 'layout');
      const umoci = (...args: string[]) => exec('umoci', args);
      await umoci('init', '--layout', layout);
      await umoci('new', '--image', `${layout}:slim`);
      await umoci('raw', 'add-layer', '--image', `${layout}:slim`, debianRootfs);
      await umoci('config', '--image', `${layout}:slim`, '--os=linux', '--architecture=amd64', '--config.cmd=bash');
      const image = `${rig.registry}/debian:bookworm-slim`;
      await exec('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}:slim`, `docker://${image}`]);
      await rig.write(project(image));
    });

    after(() => rig?.[Symbol.asyncDispose]());

    test('builds, and again builds nothing', async (t) => {
      const { uid, gid } = who();
      await exec('chown', ['-R', `${uid}:${gid}`, rig.project, join(home, 'home')]);
      await exec('chown', [`${uid}:${gid}`, home]);
      const through = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
      const known = new Set(await leftovers(home, new Set(), 0));
      const build = async (...args: string[]) => {
        const start = performance.now();
        const { status, stderr, stdout } = await rig.cip('build', '--platform=linux/amd64', '--json', ...args, {
          through,
        });
        assert.equal(status, 0, stderr);
        t.diagnostic(`build ${args.join(' ')}: ${Math.round(performance.now() - start)} ms`);
        assert.doesNotMatch(stderr, /^warning/m);
        return JSON.parse(stdout).images.map(({ status: how }: { status: string }) => how);
      };
      assert.deepEqual(await build(), ['built', 'built', 'built', 'built']);
      assert.deepEqual(await build(), ['untouched', 'untouched', 'untouched', 'untouched']);
      assert.deepEqual(await leftovers(home, known), []);
    });

    test('what differs from Debian is what the steps did', async () => {
      const image = `${join(rig.store, 'images')}:localhost:5000/app:1.0.0`;
      await exec('umoci', ['unpack', '--image', image, join(home, 'bundle')]);
      const [was, is] = await Promise.all([inventory(debian), inventory(rootfs)]);
      const topmost = (paths: string[]) => paths.filter((path) => !paths.includes(dirname(path)));
      assert.deepEqual(
        {
          removed: topmost([...was.keys()].filter((path) => !is.has(path))),
          changed: [...was.keys()].filter((path) => is.has(path) && is.get(path) !== was.get(path)),
          added: [...is]
            .filter(([path]) => !was.has(path))
            .map(([path, what]) => `${path} ${what.replace(/ \d+ at .*/, '')}`),
        },
        changes,
      );
    });

    test('files are whole', async () => {
      const text = (path: string) => readFile(join(rootfs, path), 'utf8');
      const million = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
      assert.equal(await text('opt/tools/digest'), `${million}\n`);
      assert.equal(await text('srv/shared/said'), '1500 1500 builder\n');
      assert.equal(
        await text('home/deployer/me'),
        'uid=1501(deployer) gid=1501(deployer) groups=1501(deployer),100(users)\n',
      );
      assert.match(await text('home/deployer/through-setuid'), /euid=1500\(builder\) egid=1600\(ops\)/);
      assert.match(await text('usr/lib/os-release'), /^PRETTY_NAME="Ours"$/m);
      assert.match(await text('etc/passwd'), /^builder:x:1500:1500::\/home\/builder:\/bin\/bash$/m);
      assert.doesNotMatch(await text('etc/passwd'), /^deployer:/m);
      assert.equal((await lstat(join(rootfs, 'srv/shared/old'))).mtimeMs, Date.UTC(2001, 1, 3, 4, 5, 6));
      const { stdout } = await exec('sha256sum', [join(rootfs, 'opt/tools/hard')]);
      assert.equal(stdout.slice(0, 64), (await text('opt/tools/random.sha256')).slice(0, 64));
    });

    test('layers hold what their step did: nothing for RUN true', async () => {
      const layers = await layersOf(rig, 'app');
      const of = (step: string) => layers.filter(([by]) => by.includes(step)).map(([, entries]) => entries);
      assert.deepEqual(of('sh -c true'), [[], []]);
      assert.deepEqual(of('dpkg --verify'), [[]]);
      assert.deepEqual(of('rm -r /usr/share/perl'), [
        [
          'usr/',
          'usr/bin/',
          'usr/bin/.wh.perlbug',
          'usr/bin/.wh.perldoc',
          'usr/share/',
          'usr/share/perl/',
          'usr/share/perl/5.36.0/',
          'usr/share/perl/5.36.0/.wh.pod',
        ],
      ]);
      assert.deepEqual(of('USER builder'), []);
    });
  });
}

/** Path → kind, mode, owner and time of everything below a directory. */
async function inventory(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (directory: string): Promise<void> => {
    for (const name of (await readdir(join(root, directory))).sort()) {
      const path = join(directory, name);
      const stats = await lstat(join(root, path));
      const owner = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`;
      if (stats.isSymbolicLink()) found.set(path, `link ${await readlink(join(root, path))}`);
      else if (stats.isFile()) found.set(path, `file ${owner} ${stats.size} at ${Math.floor(stats.mtimeMs / 1000)}`);
      else if (!stats.isDirectory()) found.set(path, `special ${owner} ${stats.rdev}`);
      else {
        // The times of directories change with what is in them.
        found.set(path, `dir ${owner}`);
        await visit(path);
      }
    }
  };
  await visit('');
  return found;
}

/** What made each layer of an image of the store, and the names in its archive. */
async function layersOf(rig: Rig, name: string): Promise<(readonly [by: string, entries: string[]])[]> {
  const image = `oci:${join(rig.store, 'images')}:localhost:5000/${name}:1.0.0`;
  const inspect = async (...args: string[]) => JSON.parse((await exec('skopeo', ['inspect', ...args, image])).stdout);
  const { Layers: layers } = await inspect();
  const { history } = await inspect('--config');
  const makers = history.filter((entry: { empty_layer?: boolean }) => entry.empty_layer !== true);
  assert.equal(layers.length, makers.length);
  return Promise.all(
    layers.map(async (digest: string, index: number) => {
      const blob = join(rig.store, 'images', 'blobs', 'sha256', digest.slice('sha256:'.length));
      const { stdout } = await exec('tar', ['-tf', blob], { maxBuffer: 16 * 1024 * 1024 });
      return [makers[index].created_by ?? '', stdout.split('\n').filter((line) => line !== '')] as const;
    }),
  );
}
