/** Stores that cannot take what is built: full, read-only, somebody else's. What they hold stays whole. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { leftovers, strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { copyAll, namesOf, wrongBlobs } from '../support/verify-layout.ts';

const exec = promisify(execFile);
const options = needs('root', 'busybox', 'skopeo', 'user namespaces');
const info = '{:version "1.0.0"}\n';

async function smallProject(): Promise<Rig> {
  return Rig.setup({
    files: {
      'contexts/00-base/Dockerfile':
        'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n',
      'contexts/00-base/info.edn': info,
      'contexts/00-base/busybox': await readFile('/bin/busybox'),
    },
  });
}

async function build(rig: Rig): Promise<void> {
  const { status, stderr } = await rig.cip('build');
  assert.equal(status, 0, stderr);
}

/** Something mounted on a directory, until it is disposed. */
async function mounted(directory: string, ...options: readonly string[]): Promise<AsyncDisposable> {
  await exec('mount', [...options, directory]);
  return { [Symbol.asyncDispose]: () => exec('umount', [directory]).then(() => {}) };
}

function big(megabytes: number, step: (megabytes: number) => string) {
  return {
    'contexts/01-big/Dockerfile': `ARG REGISTRY\nFROM \${REGISTRY}/base:1.0.0\n${step(megabytes)}\n`,
    'contexts/01-big/info.edn': info,
  };
}

const steps: Readonly<
  Record<string, { readonly step: (megabytes: number) => string; readonly wants: readonly string[] }>
> = {
  'in a RUN': {
    step: (megabytes) => `RUN dd if=/dev/urandom of=/big bs=1M count=${megabytes}`,
    wants: ['disk-full'],
  },
  'in a COPY': {
    step: () => 'COPY big /big',
    wants: ['disk-full'],
  },
};

for (const [title, { step, wants }] of Object.entries(steps)) {
  test(`a disk that is full ${title}: what was there stays whole, and with more room it goes on`, options, async () => {
    await using rig = await smallProject();
    await mkdir(rig.store);
    await using _disk = await mounted(rig.store, '-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs');
    await build(rig);
    const layout = join(rig.store, 'images');
    const before = await readFile(join(layout, 'index.json'), 'utf8');
    await rig.write({ ...big(30, step), 'contexts/01-big/big': Buffer.alloc(30 * 2 ** 20, 'x') });
    const { status, stdout, stderr } = await rig.cip('build');
    assert.deepEqual({ stdout, told: complaintsIn(stderr) }, { stdout: '', told: wants }, stderr);
    assert.equal(status, wants[0]?.startsWith('disk-full') ? 5 : 1);
    assert.match(stderr, /[Nn]o space left/);
    assert.doesNotMatch(stderr, /sessions\/|\/tmp-/);
    assert.deepEqual(await leftovers(basename(join(rig.project, '..')), new Set(await mountLines(rig.store))), []);
    assert.deepEqual(await strayFiles(rig.store), []);
    assert.equal(await readFile(join(layout, 'index.json'), 'utf8'), before);
    assert.deepEqual(await wrongBlobs(layout), []);
    await copyAll(layout);

    await exec('mount', ['-o', 'remount,size=200m', rig.store]);
    const next = await rig.cip('build');
    assert.equal(next.status, 0, next.stderr);
    assert.deepEqual(await namesOf(layout), [
      'localhost:5000/base:1.0.0',
      'localhost:5000/base:latest',
      'localhost:5000/big:1.0.0',
      'localhost:5000/big:latest',
    ]);
    assert.deepEqual(await wrongBlobs(layout), []);
    await copyAll(layout);
    assert.deepEqual(await strayFiles(rig.store), []);
  });
}

test('a disk that is full before a RUN begins, and in each of its steps on the way there', options, async () => {
  await using rig = await smallProject();
  await mkdir(rig.store);
  await using _disk = await mounted(rig.store, '-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs');
  await build(rig);
  await rig.write(big(0, () => 'RUN echo x > /x\nRUN echo y > /y'));
  // So many kB are left: from the first file of a run to the last.
  for (const left of [0, 4, 8, 16, 24, 32, 48, 64]) {
    const fill = join(rig.store, 'fill');
    await exec('sh', [
      '-c',
      'dd if=/dev/zero of="$1" bs=4k 2>/dev/null; truncate -s -"$2"k "$1"',
      'sh',
      fill,
      `${left}`,
    ]);
    const { status, stderr } = await rig.cip('build', '--no-cache');
    if (status !== 0) {
      assert.deepEqual([status, [...new Set(complaintsIn(stderr))]], [5, ['disk-full']], `${left} kB: ${stderr}`);
    }
    await rm(fill);
  }
  await build(rig);
});

async function mountLines(store: string): Promise<readonly string[]> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(` ${store} `));
}

test('a store on a file system that is read-only', options, async () => {
  await using rig = await smallProject();
  await build(rig);
  await using _disk = await mounted(rig.store, '--bind', rig.store);
  await exec('mount', ['-o', 'remount,bind,ro', rig.store]);
  const { status, stdout, stderr } = await rig.cip('build');
  assert.deepEqual(
    { status, stdout, told: complaintsIn(stderr) },
    { status: 5, stdout: '', told: ['store-read-only'] },
  );
  assert.match(stderr, /fix: .*CIP_STORE/);
});

test('a store that belongs to another user', options, async () => {
  await using rig = await smallProject();
  await build(rig);
  await chmod(rig.store, 0o700);
  await chown(rig.store, 65534, 65534);
  const { status, stdout, stderr } = await rig.cip('build', {
    through: ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--inh-caps', '-all'],
  });
  assert.deepEqual({ status, stdout, told: complaintsIn(stderr) }, { status: 5, stdout: '', told: ['no-permission'] });
  assert.match(stderr, /fix: .*CIP_STORE/);
});
