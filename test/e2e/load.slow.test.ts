/** `--load` into the real servers of Docker and Podman, and the images that they run then. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);
const common = ['linux', 'root', 'user namespaces', 'busybox', 'unshare'];
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;

const dockerfile = (word: string) =>
  `FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nRUN echo ${word} > /word\nCMD ["/bin/sh", "-c", "read w < /word; echo $w"]\n`;
const setup = async () =>
  await Rig.setup({ files: { Dockerfile: dockerfile('hello'), busybox: await readFile('/bin/busybox') } });

/** A program that serves at a socket, until it is disposed. */
async function served(socket: string, [program, ...args]: readonly [string, ...string[]]): Promise<AsyncDisposable> {
  const child = spawn(program, args, { stdio: 'ignore', env: { PATH, HOME: join(socket, '..') } });
  for (let tries = 0; !(await answers(socket)); tries += 1) {
    if (tries > 300 || child.exitCode !== null) throw new Error(`${program} does not start (${child.exitCode})`);
    await delay(100);
  }
  return { [Symbol.asyncDispose]: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function answers(socket: string): Promise<boolean> {
  return await ask(socket, '/_ping').then(
    () => true,
    () => false,
  );
}

/** What a server says, as text. */
async function ask(socketPath: string, path: string, body?: unknown): Promise<string> {
  const method = body === undefined ? 'GET' : 'POST';
  const sent = request({ socketPath, path, method, headers: { host: 'd', 'content-type': 'application/json' } });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  const said = await text(answer);
  if (answer.statusCode >= 400) throw new Error(`${path}: ${said}`);
  return said;
}

/** dockerd, with its socket at `docker.sock` in the directory. */
async function dockerIn(directory: string): Promise<AsyncDisposable> {
  return await served(join(directory, 'docker.sock'), [
    'dockerd',
    ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver', 'vfs'],
    ...['--host', `unix://${join(directory, 'docker.sock')}`, '--pidfile', join(directory, 'pid')],
    ...['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')],
  ]);
}

/** Runs an image by Docker's server; what it prints. */
async function runByDocker(socket: string, image: string): Promise<string> {
  const asked = { Image: image, Tty: true, HostConfig: { NetworkMode: 'none' } };
  const { Id } = JSON.parse(await ask(socket, '/containers/create', asked));
  await ask(socket, `/containers/${Id}/start`, {});
  await ask(socket, `/containers/${Id}/wait`, {});
  return (await ask(socket, `/containers/${Id}/logs?stdout=1`)).trim();
}

test(
  '--load into Docker: the image runs, and of the next one only what is new is sent',
  needs(...common, 'dockerd'),
  async () => {
    await using rig = await setup();
    await using temp = await tempDir();
    const socket = join(temp.path, 'docker.sock');
    await using _server = await dockerIn(temp.path);
    const env = { DOCKER_HOST: `unix://${socket}` };
    const build = async (...args: string[]) => {
      const { status, stderr } = await rig.cip('build-image', '.', ...args, { env });
      assert.equal(status, 0, stderr);
    };
    await build('-t', 'it:1', '-t', '127.0.0.1:5000/a/b:2', '--load', '--iidfile', 'iid');
    assert.equal(await runByDocker(socket, 'it:1'), 'hello');
    const images = JSON.parse(await ask(socket, '/images/json')) as { Id: string; RepoTags: string[] }[];
    assert.deepEqual(
      images.map(({ Id, RepoTags }) => [Id, RepoTags.toSorted()]),
      [[await rig.read('iid'), ['127.0.0.1:5000/a/b:2', 'it:1']]],
    );
    await rig.write({ Dockerfile: dockerfile('again') });
    await build('-t', 'it:1', '-o', 'type=docker');
    assert.equal(await runByDocker(socket, 'it:1'), 'again');
    // A file that was written is loaded as well.
    await build('-t', 'file:1', '-o', 'type=docker,dest=it.tar');
    // Docker's own client; another program of that name may be on PATH.
    await exec('/usr/bin/docker', ['-H', env.DOCKER_HOST, 'load', '-q', '-i', join(rig.project, 'it.tar')]);
    assert.equal(await runByDocker(socket, 'file:1'), 'again');
    const platforms = ['--platform', 'linux/amd64,linux/arm64'];
    await rig.write({ plain: 'FROM scratch\nCOPY plain /plain\n' });
    await build('-f', 'plain', '-t', 'two:1', ...platforms, '--load=docker');
    const { Architecture } = JSON.parse(await ask(socket, '/images/two:1/json'));
    assert.equal(Architecture, process.arch === 'x64' ? 'amd64' : process.arch);
  },
);

test('build --load and pull --load: what was asked for is in Docker', needs(...common, 'dockerd'), async () => {
  const info = '{:version "1.0.0"}\n';
  await using rig = await Rig.setup({
    files: {
      'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY a /a\n',
      'contexts/00-base/a': 'A\n',
      'contexts/00-base/info.edn': info,
      'contexts/01-app/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY b /b\n',
      'contexts/01-app/b': 'B\n',
      'contexts/01-app/info.edn': info,
    },
    registry: true,
  });
  await using temp = await tempDir();
  const socket = join(temp.path, 'docker.sock');
  const env = { DOCKER_HOST: `unix://${socket}`, CIP_LOCAL_REGISTRY: rig.registry };
  // Before anything is built, or asked of a registry.
  for (const command of [['build'], ['pull', '--from', 'local']]) {
    const { status, stderr } = await rig.cip(...command, '--load', { env });
    assert.deepEqual([complaintsIn(stderr), status], [['daemon-unreachable'], 5]);
  }
  await using _server = await dockerIn(temp.path);
  const tags = async () => {
    const images = JSON.parse(await ask(socket, '/images/json')) as { RepoTags: string[] }[];
    return images.flatMap(({ RepoTags }) => RepoTags).sort();
  };
  const cip = async (...args: string[]) => {
    const { status, stderr } = await rig.cip(...args, { env });
    assert.equal(status, 0, stderr);
  };
  await cip('build', 'app', '--load');
  assert.deepEqual(await tags(), [`${rig.registry}/app:1.0.0`]);
  await cip('publish-locally');
  await cip('pull', '--from', 'local', '--load=docker');
  assert.deepEqual(await tags(), [`${rig.registry}/app:1.0.0`, `${rig.registry}/base:1.0.0`]);
  // What is up to date is loaded as well.
  await ask(socket, `/images/prune?filters=${encodeURIComponent('{"dangling":["false"]}')}`, {});
  await cip('build', 'base', '--load');
  assert.deepEqual(await tags(), [`${rig.registry}/base:1.0.0`]);
  // What an image says of itself, where the command line says nothing.
  await rig.write({ 'contexts/01-app/info.edn': '{:version "1.0.0" :load true}\n' });
  await cip('build', '--no-load');
  assert.deepEqual(await tags(), [`${rig.registry}/base:1.0.0`]);
  await ask(socket, `/images/prune?filters=${encodeURIComponent('{"dangling":["false"]}')}`, {});
  await cip('build');
  assert.deepEqual(await tags(), [`${rig.registry}/app:1.0.0`]);
  const elsewhere = await rig.cip('build', { env: { ...env, DOCKER_HOST: 'unix:///nope' } });
  assert.equal(elsewhere.status, 0);
  assert.match(elsewhere.stderr, /notice\[daemon-unreachable\]/);
});

test('--load into Podman: the image runs', needs(...common, 'podman', 'crun'), async () => {
  await using rig = await setup();
  await using temp = await tempDir();
  const socket = join(temp.path, 'podman.sock');
  const podman = [
    ...['podman', '--root', join(temp.path, 'root'), '--runroot', join(temp.path, 'run'), '--storage-driver', 'vfs'],
    ...['--runtime', 'crun', '--cgroup-manager', 'cgroupfs'],
  ];
  // A machine with both versions of cgroups confuses it.
  const inPlace = (...args: string[]): [string, ...string[]] => {
    const command = [...podman, ...args].join(' ');
    return ['unshare', '-m', 'sh', '-c', `umount /sys/fs/cgroup/unified 2>/dev/null; exec ${command}`];
  };
  await using _server = await served(socket, inPlace('system', 'service', '--time', '0', `unix://${socket}`));
  const env = { CONTAINER_HOST: `unix://${socket}` };
  for (const args of [['--load'], ['--load=podman', '-o', 'type=docker,dest=it.tar,compression=zstd']]) {
    const { status, stderr } = await rig.cip('build-image', '.', '-t', 'it:1', ...args, { env });
    assert.equal(status, 0, stderr);
  }
  const run = async (...args: string[]) => {
    const [program, ...rest] = inPlace(...args);
    return (await exec(program, rest, { env: { PATH, HOME: temp.path } })).stdout.trim();
  };
  const limits = ['--cgroups=disabled', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
  // Who attaches to a process that ends at once may come too late for what it says: its log has that in any case.
  const runIt = async (name: string) => {
    const logged = ['--name', name, '--log-driver', 'k8s-file'];
    await run('run', ...logged, ...limits, '--network=none', 'docker.io/library/it:1');
    return await run('logs', name);
  };
  assert.equal(await runIt('first'), 'hello');
  await run('rmi', '--all', '--force');
  await run('load', '--quiet', '--input', join(rig.project, 'it.tar'));
  assert.equal(await runIt('second'), 'hello');
});

interface Refused {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly want: string;
  readonly status: number;
}
const refused: Readonly<Record<string, Refused>> = {
  'a socket that is not there': { env: { DOCKER_HOST: 'unix:///nope' }, want: 'daemon-unreachable', status: 5 },
  'a port where nobody listens': { env: { DOCKER_HOST: 'tcp://127.0.0.1:1' }, want: 'daemon-unreachable', status: 5 },
  'an address of another kind': { env: { DOCKER_HOST: 'ssh://somewhere' }, want: 'daemon-address', status: 2 },
  'no Podman': { args: ['--load=podman'], env: { XDG_RUNTIME_DIR: '/nope' }, want: 'daemon-not-found', status: 5 },
  'certificates that are not there': {
    env: { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nope' },
    want: 'daemon-certificates',
    status: 5,
  },
  'another program': { args: ['--load=dokcer'], want: 'invalid-option-value', status: 2 },
};
for (const [title, { args = ['--load'], env = {}, want, status }] of Object.entries(refused))
  test(`--load says ${title} before anything is built`, needs('linux', 'user namespaces'), async () => {
    await using rig = await Rig.setup({ files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } });
    const outcome = await rig.cip('build-image', '.', ...args, { env });
    assert.deepEqual([complaintsIn(outcome.stderr), outcome.status, outcome.stdout], [[want], status, '']);
    await assert.rejects(stat(join(rig.store, 'images/index.json')));
  });

test('--load says that a socket is for others', needs(...common, 'dockerd', 'setpriv'), async () => {
  await using rig = await Rig.setup({ files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } });
  await using temp = await tempDir();
  await using _server = await dockerIn(temp.path);
  const home = join(rig.store, '../for-others');
  await mkdir(home);
  for (const path of [temp.path, join(rig.store, '..'), rig.project]) await chmod(path, 0o755);
  await chmod(home, 0o777);
  const outcome = await rig.cip('build-image', '.', '--load', {
    env: { DOCKER_HOST: `unix://${join(temp.path, 'docker.sock')}`, CIP_STORE: join(home, 'store'), HOME: home },
    through: ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'],
  });
  assert.deepEqual([complaintsIn(outcome.stderr), outcome.status], [['daemon-forbidden'], 5]);
});
