/** What `--isolation` and `--require-isolation` make of images with and without RUN, on machines that have more or less. */
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { isInContainer } from '../../src/cli/in-container.ts';
import { helperPrograms } from '../engine/executor/network-helpers.ts';
import { complaintsIn } from '../support/complaints.ts';
import { isThere, needs } from '../support/needs.ts';
import { Rig, type RunOptions } from '../support/rig.ts';

const options = needs('linux', 'root', 'busybox', 'user namespaces', 'setpriv');

const copying = {
  'contexts/00-copy/Dockerfile': 'FROM scratch\nCOPY file /etc/file\nENV A=b\n',
  'contexts/00-copy/info.edn': '{:version "1.0.0"}\n',
  'contexts/00-copy/file': 'text\n',
  'contexts/01-child/Dockerfile':
    'ARG REGISTRY\nFROM ${REGISTRY}/copy:1.0.0\nCOPY --from=localhost:5000/copy:1.0.0 /etc/file /other\n',
  'contexts/01-child/info.edn': '{:version "1.0.0"}\n',
};

async function running(command: string) {
  return {
    'contexts/00-run/Dockerfile': `FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nRUN ${command}\n`,
    'contexts/00-run/info.edn': '{:version "1.0.0"}\n',
    'contexts/00-run/busybox': await readFile('/bin/busybox'),
  };
}

/** Not of `needs()`: a container that CI runs in may lack the device whatever is installed. */
const noHelper = !['slirp4netns', 'nsenter', 'tun device'].every(isThere) && 'slirp4netns, nsenter and a tun device';

/** Runs a command where these programs cannot be executed. */
function without(...programs: string[]): readonly string[] {
  const hide = 'while [ "$1" != -- ]; do mount --bind /dev/null "$(command -v "$1")"; shift; done; shift; exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', hide, 'sh', ...programs, '--'];
}

const noPasta = !['pasta', 'ip'].every(isThere) && 'pasta and ip';

/** Runs a command on a machine of one interface, after a script. */
function inNetwork(script: string): readonly string[] {
  const interfaces =
    'ip link set lo up; ip tuntap add dev out0 mode tap; ip addr add 192.0.2.1/24 dev out0; ip link set out0 up; ip route add default via 192.0.2.254';
  return ['unshare', '--net', '--mount', 'sh', '-c', `set -e; ${interfaces}; ${script}\nexec "$@"`, 'sh'];
}
const onlyOldPasta = [...inNetwork(':'), ...without('slirp4netns')];

/** Runs a command where user namespaces are refused, as they are to whoever is in a chroot. */
const noNamespaces = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount --rbind / /mnt && exec unshare --root=/mnt --wd="$PWD" "$@"',
  'sh',
];
const asNobody = ['setpriv', '--reuid', '12345', '--regid', '12345', '--clear-groups', '--'];

interface Case {
  readonly title: string;
  readonly files: () => Promise<Record<string, string | Uint8Array>>;
  readonly args: readonly string[];
  readonly run?: RunOptions;
  readonly want: { readonly status: number; readonly told: readonly string[] };
  readonly notices?: readonly RegExp[];
  /** What it needs besides. */
  readonly skip?: string | false;
}

/** In a container there is no outside. */
const onMachine: readonly Case[] = isInContainer({})
  ? []
  : [
      {
        title: 'auto is never chroot outside of a container',
        files: () => running('exit 0'),
        args: [],
        run: { through: [...noNamespaces, 'env', '-u', 'container', '-u', 'KUBERNETES_SERVICE_HOST'] },
        want: { status: 5, told: ['no-user-namespaces contexts/00-run/Dockerfile:3:1'] },
      },
    ];

const cases: readonly Case[] = [
  {
    title: 'none builds images without RUN',
    files: async () => copying,
    args: ['--isolation=none'],
    want: { status: 0, told: [] },
  },
  {
    title: 'none builds images without RUN where there are no namespaces, as a user',
    files: async () => copying,
    args: ['--isolation=none'],
    run: { through: asNobody },
    want: { status: 0, told: [] },
  },
  {
    title: 'none refuses an image with RUN, and names the line',
    files: () => running('exit 0'),
    args: ['--isolation=none'],
    want: { status: 1, told: ['run-not-allowed contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'none from the environment',
    files: () => running('exit 0'),
    args: [],
    run: { env: { CIP_ISOLATION: 'none' } },
    want: { status: 1, told: ['run-not-allowed contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'chroot where it is asked for, with a notice',
    files: () => running('test ! -e /proc/self'),
    args: ['--isolation=chroot'],
    want: { status: 0, told: [] },
    notices: [/only kept in by chroot/],
  },
  {
    title: 'chroot is not enough for --require-isolation',
    files: () => running('exit 0'),
    args: ['--isolation=chroot', '--require-isolation'],
    want: { status: 5, told: ['isolation-limited contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'auto is chroot in a container that refuses namespaces',
    files: () => running('test ! -e /proc/self'),
    args: [],
    run: { through: noNamespaces, env: { container: 'test' } },
    want: { status: 0, told: [] },
    notices: [/only kept in by chroot/],
  },
  ...onMachine,
  {
    title: 'auto builds images without RUN where there are no namespaces, as a user',
    files: async () => copying,
    args: [],
    run: { through: [...noNamespaces, ...asNobody] },
    want: { status: 0, told: [] },
  },
  {
    title: 'a user of a container that refuses namespaces is told so before anything of an image with RUN is done',
    files: () => running('exit 0'),
    args: [],
    run: { through: [...noNamespaces, ...asNobody], env: { container: 'test' } },
    want: { status: 5, told: ['no-user-namespaces contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'namespaces are never chroot',
    files: () => running('exit 0'),
    args: ['--isolation=namespaces'],
    run: { through: noNamespaces, env: { container: 'test' } },
    want: { status: 5, told: ['no-user-namespaces'] },
  },
  {
    title: 'without a helper for networks steps have that of the machine, with one notice',
    files: () => running('exit 0'),
    args: [],
    run: { through: without('slirp4netns', 'pasta') },
    skip: noHelper,
    want: { status: 0, told: [] },
    notices: [/network of this machine.*neither slirp4netns nor pasta/],
  },
  {
    title: 'without a helper for networks --require-isolation fails',
    files: () => running('exit 0'),
    args: ['--require-isolation'],
    run: { through: without('slirp4netns', 'pasta') },
    skip: noHelper,
    want: { status: 5, told: ['isolation-limited contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'with an old pasta alone steps have the network of the machine, with one notice',
    files: () => running('exit 0'),
    args: [],
    run: { through: onlyOldPasta },
    skip: noHelper || noPasta || (!isThere('pasta of Debian 12') && 'pasta of Debian 12'),
    want: { status: 0, told: [] },
    notices: [/network of this machine.*pasta lets steps reach it, by the datagram/],
  },
  {
    title: 'with an old pasta alone --require-isolation fails',
    files: () => running('exit 0'),
    args: ['--require-isolation'],
    run: { through: onlyOldPasta },
    skip: noHelper || noPasta || (!isThere('pasta of Debian 12') && 'pasta of Debian 12'),
    want: { status: 5, told: ['isolation-limited contexts/00-run/Dockerfile:3:1'] },
  },
  {
    title: 'with a newer pasta alone --require-isolation is content, and nothing is said',
    files: () => running('exit 0'),
    args: ['--require-isolation'],
    run: { through: inNetwork(helperPrograms.pasta.script) },
    skip: noHelper || noPasta || (!isThere('test/support/newer-pasta.sh') && 'test/support/newer-pasta.sh'),
    want: { status: 0, told: [] },
    notices: [],
  },
  {
    title: 'with everything --require-isolation is content, and nothing is said',
    files: () => running('exit 0'),
    args: ['--require-isolation'],
    skip: noHelper,
    want: { status: 0, told: [] },
    notices: [],
  },
];

for (const { title, files, args, run = {}, want, notices, skip = false } of cases) {
  test(title, skip ? { skip: `needs ${skip}` } : options, async () => {
    await using rig = await Rig.setup({ files: await files() });
    // A user of its own may read the project and make a store.
    if (run.through?.includes('setpriv')) await open(rig);
    const { status, stderr } = await rig.cip('build', '--only-local-platform', '--progress=plain', ...args, run);
    assert.deepEqual({ status, told: complaintsIn(stderr) }, want, stderr);
    const said = stderr.split('\n').filter((line) => /chroot|network of this machine/.test(line));
    if (notices === undefined) return;
    assert.equal(said.length, notices.length, stderr);
    for (const [index, notice] of notices.entries()) assert.match(said[index]!, notice);
  });
}

/** Whether the second build of one Dockerfile takes what the first has made, or what it says instead. */
const inTurn: readonly [first: readonly string[], second: readonly string[], want: 'cached' | 'ran' | 'refused'][] = [
  [['--isolation=chroot'], ['--isolation=chroot'], 'cached'],
  [['--isolation=chroot'], ['--require-isolation'], 'ran'],
  [['--isolation=chroot', '--no-cache'], ['--require-isolation'], 'ran'],
  [['--isolation=chroot'], ['--isolation=chroot', '--require-isolation'], 'refused'],
  [[], ['--require-isolation'], 'cached'],
  [[], ['--isolation=chroot'], 'ran'],
];
for (const [first, second, want] of inTurn) {
  test(`after ${first.join(' ') || 'namespaces'}, with ${second.join(' ') || 'namespaces'}: ${want}`, {
    skip: options.skip || noHelper,
  }, async () => {
    await using rig = await Rig.setup({ files: await running('test -e /proc/self && echo >/proc-is-here || :') });
    const build = (...args: readonly string[]) =>
      rig.cip('build-image', 'contexts/00-run', '--progress=plain', '--json', ...args);
    const made = await build(...first);
    assert.equal(made.status, 0, made.stderr);
    const { status, stdout, stderr } = await build(...second);
    const { failures } = JSON.parse(stdout) as { failures: readonly { reason: string }[] };
    if (want === 'refused')
      assert.deepEqual([status, failures.map(({ reason }) => reason)], [5, ['isolation-limited']], stderr);
    else assert.deepEqual([status, stdout === made.stdout], [0, want === 'cached'], stderr);
  });
}

for (const [network, want] of [
  ['', 'refused'],
  ['--network=host ', 'reached'],
  ['--network=none ', 'refused'],
] as const) {
  test(`a server on the loopback interface of the machine is ${want} by RUN ${network}`, {
    skip: options.skip || noHelper,
  }, async () => {
    await using server = await listening();
    const probe = `${network}/bin/sh nc -w 3 127.0.0.1 ${server.port} </dev/null && echo it is reached || echo it is refused`;
    const files = await running(probe.replace('/bin/sh nc', 'busybox nc'));
    const dockerfile = (files['contexts/00-run/Dockerfile'] as string).replace(
      '/bin/sh\n',
      '/bin/sh\nCOPY --chmod=755 busybox /bin/busybox\n',
    );
    await using rig = await Rig.setup({
      files: { ...files, 'contexts/00-run/Dockerfile': `${dockerfile.replace('RUN', 'ENV PATH=/bin\nRUN')}` },
    });
    const { status, stderr } = await rig.cip('build', '--only-local-platform', '--progress=plain', '-vv');
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`^.*\\bit is ${want}$`, 'm'));
  });
}

async function listening(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => socket.end('hello\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** To everybody, and the places to write to as well. */
async function open(rig: Rig): Promise<void> {
  const dir = dirname(rig.project);
  await mkdir(rig.store, { recursive: true });
  for (const path of [dir, rig.project]) await chmod(path, 0o755);
  await chown(rig.store, 12_345, 12_345);
}
