/**
 * One small project for two platforms, published by the real program to the two registries that people have: the one it
 * serves itself, and distribution behind TLS and a password. What is there is read with skopeo and umoci. The tests go
 * through the life of the project in this order.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { makeCertificates } from '../registry/certificates.ts';
import { type DockerRegistry, startDockerRegistry } from '../registry/docker-registry.ts';
import { busyboxFor } from '../support/fixtures.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { treeOf } from '../support/tree-of.ts';

const exec = promisify(execFile);
const options = needs(
  'docker-registry',
  'htpasswd',
  'openssl',
  'skopeo',
  'umoci',
  'user namespaces',
  'private binfmt_misc',
  'qemu-aarch64-static',
  'test/support/foreign-busybox.sh',
);

const platforms = 'linux/amd64,linux/arm64';
const base = `FROM scratch
ARG TARGETARCH
COPY --chmod=755 busybox-$TARGETARCH /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN uname -m > /arch
`;
const web = (parent: string) => `ARG REGISTRY
FROM \${REGISTRY}/base:${parent}
COPY page /page
RUN echo "$(uname -m) on $(cat /arch)" > /arch-of-web
`;

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

suite('registries', options, () => {
  let rig: Rig;
  let dir: Awaited<ReturnType<typeof tempDir>>;
  let distribution: DockerRegistry;
  /** Options for cip to reach distribution, and for skopeo. */
  let remote: string[];
  let env: Record<string, string>;
  const credentials = ['--creds', 'ci:s3cret'];

  before(async () => {
    rig = await Rig.setup({
      registry: true,
      files: {
        'contexts/00-base/Dockerfile': base,
        'contexts/00-base/.dockerignore': '*\n!busybox-*\n',
        'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
        'contexts/00-base/busybox-amd64': await readFile(busyboxFor('amd64')),
        'contexts/00-base/busybox-arm64': await readFile(busyboxFor('arm64')),
        'contexts/01-web/Dockerfile': web('1.0.0'),
        'contexts/01-web/info.edn': '{:version "1.0.0"}\n',
        'contexts/01-web/page': 'first\n',
      },
    });
    dir = await tempDir();
    const certificates = await makeCertificates(dir.path);
    await exec('htpasswd', ['-Bbc', join(dir.path, 'htpasswd'), 'ci', 's3cret']);
    distribution = await startDockerRegistry(dir.path, {
      auth: { htpasswd: { realm: 'test', path: join(dir.path, 'htpasswd') } },
      http: { tls: { certificate: certificates.certFile, key: certificates.keyFile } },
    });
    await mkdir(join(dir.path, 'docker'));
    await mkdir(join(dir.path, 'certs'));
    await copyFile(join(dir.path, 'ca.pem'), join(dir.path, 'certs', 'ca.crt'));
    await writeFile(
      join(dir.path, 'docker', 'config.json'),
      JSON.stringify({ auths: { [distribution.host]: { auth: Buffer.from('ci:s3cret').toString('base64') } } }),
    );
    remote = [`--remote-registry=${distribution.host}/team`, `--registry-ca=${join(dir.path, 'ca.pem')}`];
    // Whatever ids this machine has, they are not what is tried here.
    env = { DOCKER_CONFIG: join(dir.path, 'docker'), CIP_ALLOW_LOST_OWNERS: 'true' };
  });

  after(async () => {
    await distribution?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
  });

  const publish = (...args: string[]) =>
    rig.cip('publish', `--platform=${platforms}`, '--json', ...remote, ...args, { env });

  /** What a registry has under a tag, byte for byte; undefined where it has no such tag. */
  async function raw(place: 'local' | 'remote', image: string): Promise<string | undefined> {
    const args =
      place === 'local'
        ? ['--tls-verify=false', `docker://${rig.registry}/${image}`]
        : ['--cert-dir', join(dir.path, 'certs'), ...credentials, `docker://${distribution.host}/team/${image}`];
    const asked = exec('skopeo', ['inspect', '--raw', ...args]);
    const answer = await asked.catch((error) => {
      if (/manifest unknown|name unknown/.test(error.stderr)) return undefined;
      throw error;
    });
    return answer?.stdout;
  }

  /** Digests of everything that a registry shows of the project. */
  async function shown(place: 'local' | 'remote'): Promise<Record<string, string | undefined>> {
    const tags = ['base', 'web'].flatMap((name) =>
      ['1.0.0', '1.0.1', '1.1.0', 'latest'].map((tag) => `${name}:${tag}`),
    );
    const documents = await Promise.all(tags.map(async (tag) => [tag, await raw(place, tag)] as const));
    return Object.fromEntries(
      documents.flatMap(([tag, text]) =>
        text === undefined ? [] : [[tag, createHash('sha256').update(text).digest('hex')]],
      ),
    );
  }

  async function platformsOf(place: 'local' | 'remote', image: string): Promise<string[]> {
    const { manifests } = JSON.parse((await raw(place, image))!) as { manifests: Entry[] };
    return manifests.flatMap(({ platform }) => (platform ? [`${platform.os}/${platform.architecture}`] : [])).sort();
  }

  /** Top-level files of one platform of an image, as another tool unpacks it. */
  async function unpacked(source: string[], image: string, architecture: string): Promise<Record<string, string>> {
    await using scratch = await tempDir();
    const layout = join(scratch.path, 'layout');
    await exec('skopeo', ['--override-arch', architecture, 'copy', ...source, image, `oci:${layout}:image`]);
    await exec('umoci', ['unpack', '--rootless', '--image', `${layout}:image`, join(scratch.path, 'bundle')]);
    const files = Object.entries(await treeOf(join(scratch.path, 'bundle', 'rootfs')));
    return Object.fromEntries(
      files.flatMap(([path, what]) => {
        const content = /^file 644 \d+:\d+ (.*)$/.exec(what)?.[1];
        return content === undefined || path.includes('/') ? [] : [[path, content]];
      }),
    );
  }

  test('publish-locally to the registry that cip serves: indexes, and both platforms ran their own steps', async () => {
    const local = [`--local-registry=${rig.registry}`, `--platform=${platforms}`];
    const first = await rig.cip('publish-locally', ...local, '--json');
    assert.equal(first.status, 0, first.stderr);
    assert.deepEqual(statuses(first), { base: 'built', web: 'built' });

    for (const image of ['base:1.0.0', 'base:latest', 'web:1.0.0', 'web:latest']) {
      assert.deepEqual(await platformsOf('local', image), ['linux/amd64', 'linux/arm64'], image);
    }
    for (const [architecture, machine] of [
      ['amd64', 'x86_64'],
      ['arm64', 'aarch64'],
    ] as const) {
      const files = await unpacked(['--src-tls-verify=false'], `docker://${rig.registry}/web:1.0.0`, architecture);
      assert.deepEqual(files, { arch: machine, 'arch-of-web': `${machine} on ${machine}`, page: 'first' });
    }

    const before = await shown('local');
    const second = await rig.cip('publish-locally', ...local, '--json');
    assert.equal(second.status, 0, second.stderr);
    assert.deepEqual(statuses(second), { base: 'untouched', web: 'untouched' });
    assert.deepEqual(await shown('local'), before);
  });

  test('a registry that is not known, or not ours, is refused before anything is built', async () => {
    const store = { CIP_STORE: join(dir.path, 'unused-store') };
    const noAuthority = await rig.cip('publish', remote[0]!, { env: { ...env, ...store } });
    const noPassword = await rig.cip('publish', ...remote, { env: store });
    assert.deepEqual([noAuthority.status, noPassword.status], [5, 5]);
    assert.match(noAuthority.stderr, /^error\[registry-tls-failed\]/m);
    assert.match(noPassword.stderr, /^error\[registry-denied\]/m);
    for (const { stderr } of [noAuthority, noPassword]) assert.doesNotMatch(stderr, /\] start/);
    assert.deepEqual(await shown('remote'), {});
  });

  test('publish to distribution with TLS and a password: the images that the store has already', async () => {
    const { status, stderr } = await publish();
    assert.equal(status, 0, stderr);
    assert.deepEqual(await platformsOf('remote', 'web:1.0.0'), ['linux/amd64', 'linux/arm64']);
    const source = ['--src-cert-dir', join(dir.path, 'certs'), '--src-creds', 'ci:s3cret'];
    const image = `docker://${distribution.host}/team/base:1.0.0`;
    assert.deepEqual(await unpacked(source, image, 'arm64'), { arch: 'aarch64' });
    assert.deepEqual(await unpacked(source, image, 'amd64'), { arch: 'x86_64' });
  });

  test('publish again: nothing is built, nothing is uploaded', async () => {
    const seen = distribution.requests().length;
    const again = await publish();
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(statuses(again), { base: 'untouched', web: 'untouched' });
    const requests = distribution.requests().slice(seen);
    assert.ok(requests.length > 0);
    assert.deepEqual(
      requests.filter((request) => !/^(GET|HEAD) /.test(request)),
      [],
    );
  });

  test('a change without a new version is refused, and overwrites nothing', async () => {
    const before = await shown('remote');
    const seen = distribution.requests().length;
    await rig.write({ 'contexts/01-web/page': 'second\n' });
    const refused = await publish();
    assert.equal(refused.status, 3, refused.stderr);
    assert.match(refused.stderr, /^error\[changed-without-bump\]/m);
    assert.deepEqual(await shown('remote'), before);
    const written = distribution
      .requests()
      .slice(seen)
      .filter((request) => !/^(GET|HEAD) /.test(request));
    assert.deepEqual(written, []);
  });

  test('with a new version it is published: latest moves, the old version stays', async () => {
    const before = await shown('remote');
    await rig.write({ 'contexts/01-web/info.edn': '{:version "1.1.0"}\n' });
    const published = await publish();
    assert.equal(published.status, 0, published.stderr);
    assert.deepEqual(statuses(published), { base: 'untouched', web: 'built' });
    const now = await shown('remote');
    assert.notEqual(now['web:1.1.0'], before['web:1.0.0']);
    assert.deepEqual(now, { ...before, 'web:1.1.0': now['web:1.1.0'], 'web:latest': now['web:1.1.0'] });
  });

  test('an older version is published beside it: latest stays', async () => {
    const before = await shown('remote');
    await rig.write({
      'contexts/01-web/info.edn': '{:version "1.0.1"}\n',
      'contexts/01-web/page': 'a fix of the first\n',
    });
    const published = await publish();
    assert.equal(published.status, 0, published.stderr);
    const now = await shown('remote');
    assert.ok(now['web:1.0.1']);
    assert.deepEqual(now, { ...before, 'web:1.0.1': now['web:1.0.1'] });
    await rig.write({ 'contexts/01-web/info.edn': '{:version "1.1.0"}\n', 'contexts/01-web/page': 'second\n' });
  });

  test('upload-all-to-local-registry: whole images, byte for byte; then nothing', async () => {
    const mirror = [...remote, `--local-registry=${rig.registry}`, '--json'];
    const there = await shown('remote');
    const copied = await rig.cip('upload-all-to-local-registry', ...mirror, { env });
    assert.equal(copied.status, 0, copied.stderr);
    const here = await shown('local');
    for (const tag of ['base:1.0.0', 'base:latest', 'web:1.1.0', 'web:latest']) {
      assert.equal(here[tag], there[tag], tag);
      const index = JSON.parse((await raw('local', tag))!) as { manifests: Entry[] };
      for (const { digest } of index.manifests) {
        const name = `${tag.split(':')[0]}@${digest}`;
        assert.equal(await raw('local', name), await raw('remote', name), name);
      }
    }

    const again = await rig.cip('upload-all-to-local-registry', ...mirror, { env });
    assert.equal(again.status, 0, again.stderr);
    const report = JSON.parse(again.stdout);
    assert.deepEqual({ copied: report.copied, present: report.present.length }, { copied: [], present: 2 });
    assert.deepEqual(await shown('local'), here);
  });

  test('pull-latest-from-remote-registry: the store is a layout with the whole images', async () => {
    const store = join(dir.path, 'pulled-store');
    const pull = () =>
      rig.cip('pull-latest-from-remote-registry', ...remote, '--json', { env: { ...env, CIP_STORE: store } });
    const pulled = await pull();
    assert.equal(pulled.status, 0, pulled.stderr);
    const reference = `oci:${join(store, 'images')}:${distribution.host}/team/web:1.1.0`;
    const { stdout } = await exec('skopeo', ['inspect', '--raw', reference]);
    assert.equal(stdout, await raw('remote', 'web:1.1.0'));
    assert.deepEqual(await unpacked([], reference, 'arm64'), {
      arch: 'aarch64',
      'arch-of-web': 'aarch64 on aarch64',
      page: 'second',
    });
    const again = await pull();
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout).copied, []);
  });

  test('a parent that only the registry has is built on, and not built', async () => {
    const store = join(dir.path, 'fresh-store');
    const there = await shown('remote');
    await rig.write({ 'contexts/01-web/info.edn': '{:version "1.2.0"}\n', 'contexts/01-web/page': 'third\n' });
    const published = await rig.cip('publish', `--platform=${platforms}`, '--json', ...remote, {
      env: { ...env, CIP_STORE: store },
    });
    assert.equal(published.status, 0, published.stderr);
    assert.deepEqual(statuses(published), { base: 'untouched', web: 'built' });
    const source = ['--src-cert-dir', join(dir.path, 'certs'), '--src-creds', 'ci:s3cret'];
    assert.deepEqual(await unpacked(source, `docker://${distribution.host}/team/web:1.2.0`, 'arm64'), {
      arch: 'aarch64',
      'arch-of-web': 'aarch64 on aarch64',
      page: 'third',
    });
    const now = await shown('remote');
    assert.notEqual(now['web:latest'], there['web:latest']);
    assert.deepEqual(now, { ...there, 'web:latest': now['web:latest'] });
  });
});

/** Image → how it ended, by `--json`. */
function statuses({ stdout }: Outcome): Record<string, string> {
  const { images } = JSON.parse(stdout) as { images: { name: string; status: string }[] };
  return Object.fromEntries(images.map(({ name, status }) => [name, status]));
}
