/** `cip build-image -` with a build context on standard input, as `docker build - < context.tar.gz` takes it; and `-o type=oci,dest=-`. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const options = needs('linux', 'user namespaces');
const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1700000000'];

const context: Files = {
  Dockerfile: 'FROM scratch\nCOPY . /x/\n',
  'sub/Dockerfile': 'FROM scratch\nCOPY a sub /y/\n',
  a: 'A\n',
};

const packers: Readonly<Record<string, { readonly with: readonly string[]; readonly program?: string }>> = {
  'a tar': { with: [] },
  'a tar of gzip': { with: ['-z'] },
  'a tar of zstd': { with: ['--zstd'], program: 'zstd' },
  'a tar of bzip2': { with: ['-j'], program: 'bzip2' },
  'a tar of xz': { with: ['-J'], program: 'xz' },
};

function tarOf(rig: Rig, ...args: readonly string[]): Buffer {
  return execFileSync('tar', ['-c', ...args], { cwd: rig.project, maxBuffer: 1 << 26 });
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, program)));
}

/** Nothing but what is whole and kept. */
async function leftIn(rig: Rig): Promise<readonly string[]> {
  const names = await Promise.all(['sessions', 'trash'].map((name) => readdir(join(rig.store, name))));
  return names.flat();
}

for (const [title, { with: flags, program }] of Object.entries(packers)) {
  const skip = program !== undefined && !isInstalled(program) ? { skip: `${program} is not installed` } : {};
  test(`build-image builds ${title} on standard input as its directory`, { ...options, ...skip }, async () => {
    await using rig = await Rig.setup({ files: context });
    await chmod(join(rig.project, 'a'), 0o755);
    const input = tarOf(rig, ...flags, '.');
    for (const file of [[], ['-f', 'sub/Dockerfile']]) {
      const direct = await rig.cip('build-image', '.', ...file, ...epoch);
      assert.equal(direct.status, 0, direct.stderr);
      const packed = await rig.cip('build-image', '-', ...file, ...epoch, { input });
      assert.deepEqual([packed.status, packed.stdout], [0, direct.stdout], packed.stderr);
      assert.deepEqual(await leftIn(rig), []);
    }
  });
}

test('build-image: no ignore file counts in a tar on standard input, as in BuildKit', options, async () => {
  await using rig = await Rig.setup({
    files: { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'A\n', '.dockerignore': 'a\n' },
  });
  assert.equal((await rig.cip('build-image', '.')).status, 4);
  const { status, stderr } = await rig.cip('build-image', '-', { input: tarOf(rig, '.') });
  assert.equal(status, 0, stderr);
});

test(
  'build-image: a dockerfile in lower case is taken in a tar, too, and a link in it leads where it does in the tar',
  options,
  async () => {
    await using rig = await Rig.setup({
      files: { dockerfile: 'FROM scratch\n', 'd/real': 'FROM scratch\nLABEL a=b\n' },
    });
    await symlink('/d/real', join(rig.project, 'link'));
    const input = tarOf(rig, '.');
    for (const [args, want] of [
      [[], 0],
      [['-f', 'link'], 0],
      [['-f', '/d/real'], 0],
      [['-f', '../d/real'], 0],
    ] as const) {
      const { status, stderr } = await rig.cip('build-image', '-', ...args, { input });
      assert.equal(status, want, `${args.join(' ')}: ${stderr}`);
    }
  },
);

test('build-image: nothing of this machine comes in by a tar on standard input', options, async () => {
  await using rig = await Rig.setup({ files: { 'c/Dockerfile': 'FROM scratch\nCOPY out /x\n' } });
  const outside = join(rig.project, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'FROM scratch\nLABEL secret=1\n');
  await symlink(outside, join(rig.project, 'c/out'));
  await symlink(join(outside, 'secret'), join(rig.project, 'c/Linked'));
  const linked = await rig.cip('build-image', '-', '-f', 'Linked', { input: tarOf(rig, '-C', 'c', '.') });
  assert.deepEqual([linked.status, complaintsIn(linked.stderr)], [4, ['dockerfile-unreadable']]);
  assert.match(linked.stderr, /did you mean --file Dockerfile\?/);
  await rename(join(rig.project, 'c/Linked'), join(rig.project, 'c/Linked.Dockerfile'));
  const meant = await rig.cip('build-image', '-', '-f', 'Linked.Dockerfile', { input: tarOf(rig, '-C', 'c', '.') });
  assert.doesNotMatch(meant.stderr, /--file Linked/);
  const copied = await rig.cip('build-image', '-', { input: tarOf(rig, '-C', 'c', '.') });
  assert.deepEqual([copied.status, complaintsIn(copied.stderr)], [4, ['copy-source-missing <stdin>/Dockerfile:2:1']]);
  // Names that lead out, and through links that were unpacked before.
  const climbing = tarOf(
    rig,
    '-P',
    '-C',
    'c',
    '--transform',
    's,^Dockerfile$,../../../../climbed,',
    'Dockerfile',
    'out',
  );
  const through = execFileSync(
    'tar',
    ['-c', '-P', '--transform', 's,^outside/secret$,out/planted,', 'outside/secret'],
    {
      cwd: rig.project,
    },
  );
  for (const input of [climbing, Buffer.concat([withoutEnd(climbing), through])]) {
    const { status, stderr } = await rig.cip('build-image', '-', { input });
    assert.deepEqual([status, complaintsIn(stderr)], [4, ['dockerfile-unreadable']], stderr);
    assert.deepEqual(await readdir(outside), ['secret']);
    assert.equal((await readdir(rig.store)).includes('climbed'), false);
    assert.deepEqual(await leftIn(rig), []);
  }
});

/** A tar up to the empty blocks at its end. */
function withoutEnd(tar: Buffer): Buffer {
  let end = tar.length;
  while (end >= 512 && tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  return tar.subarray(0, end);
}

test('build-image says what is wrong with what is on standard input', options, async (t) => {
  await using rig = await Rig.setup({ files: { ...context, 'deep/c/Dockerfile': 'FROM scratch\n' } });
  const whole = tarOf(rig, 'Dockerfile', 'a', 'sub');
  const rows: Readonly<
    Record<string, { readonly args?: readonly string[]; readonly input: string | Uint8Array; readonly want: string }>
  > = {
    'a tar, and --file -': { args: ['-f', '-'], input: whole, want: '2 contradictory-options' },
    'a Dockerfile, and --file': { args: ['-f', 'a'], input: 'FROM scratch\n', want: '2 contradictory-options' },
    'a tar without a Dockerfile': { input: tarOf(rig, 'a'), want: '4 dockerfile-unreadable' },
    'a tar of the directory above': { input: tarOf(rig, '-C', 'deep', 'c'), want: '4 dockerfile-unreadable' },
    'a directory in its place': { args: ['-f', 'sub'], input: whole, want: '4 dockerfile-unreadable' },
    'a tar that was cut off': { input: whole.subarray(0, 1300), want: '1 tar-truncated' },
    'compressed text': {
      input: execFileSync('gzip', ['-c'], { input: 'FROM scratch\n' }),
      want: '2 input-not-a-tar',
    },
    'nothing at all': { input: '', want: '2 input-empty' },
  };
  for (const [title, { args = [], input, want }] of Object.entries(rows)) {
    await t.test(title, async () => {
      const { status, stderr } = await rig.cip('build-image', '-', ...args, { input });
      assert.equal(`${status} ${complaintsIn(stderr).join()}`, want, stderr);
      assert.deepEqual(await leftIn(rig), []);
    });
  }
  const { stderr } = await rig.cip('build-image', '-', { input: tarOf(rig, '-C', 'deep', 'c') });
  assert.match(stderr, /did you mean --file c\/Dockerfile\?/);
});

test('build-image - that is stopped while it reads ends at once, and leaves nothing', options, async () => {
  await using rig = await Rig.setup({ files: context });
  const head = tarOf(rig, '.').subarray(0, 700);
  for (const [signal, args] of [
    ['SIGTERM', ['-']],
    ['SIGTERM', ['.', '-f', '-']],
    ['SIGKILL', ['-']],
  ] as const) {
    await using pipe = await pipeWith(rig, head);
    let signalled = 0;
    const { status } = await rig.cip('build-image', ...args, {
      through: ['sh', '-c', 'exec "$@" < "$PIPE"', 'sh'],
      env: { PIPE: pipe.path },
      onStart: (child) =>
        void (args[0] === '-' ? inputArrives(rig) : delay(3000)).then(() => {
          signalled = Date.now();
          child.kill(signal);
        }),
    });
    assert.equal(status, signal === 'SIGTERM' ? 143 : undefined);
    assert.ok(Date.now() - signalled < 15_000);
    // What a kill leaves goes with the next run.
    if (signal === 'SIGKILL') await rig.cip('build-image', '-', { input: 'FROM scratch\n' });
    assert.deepEqual(await leftIn(rig), []);
  }
});

/** Waits until the first bytes of standard input are in the store, wherever in its sessions. */
async function inputArrives(rig: Rig): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const names = await readdir(join(rig.store, 'sessions'), { recursive: true }).catch(() => []);
    if (names.some((name) => /(?:^|\/)input/.test(name))) return;
    await delay(50);
  }
}

/** A pipe that gives so much and does not end by itself while anybody has the patience. */
async function pipeWith(rig: Rig, head: Uint8Array): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(rig.project, `pipe-${Math.random()}`);
  await exec('mkfifo', [path]);
  await writeFile(`${path}-head`, head);
  const child = spawn('sh', ['-c', 'exec 3<>"$1"; cat "$2" >&3; exec sleep 30', 'sh', path, `${path}-head`], {
    stdio: 'ignore',
  });
  return {
    path,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill()) await ended;
    },
  };
}

test('build-image -o type=oci,dest=- writes the tar alone to standard output', options, async () => {
  await using rig = await Rig.setup({ files: { 'c/Dockerfile': 'FROM scratch\nCOPY . /x/\n', 'c/a': 'A\n' } });
  const file = await rig.cip('build-image', 'c', '-t', 'it', '-o', 'type=oci,dest=it.tar', ...epoch);
  assert.equal(file.status, 0, file.stderr);
  for (const [to, redirect] of Object.entries({ piped: '"$@" | cat > piped', file: '"$@" > file' })) {
    const { status, stdout, stderr } = await rig.cip(
      ...['build-image', 'c', '-t', 'it', '-o', 'type=oci,dest=-', ...epoch],
      { through: ['sh', '-c', redirect, 'sh'] },
    );
    assert.deepEqual([status, stdout], [0, ''], stderr);
    assert.ok((await readFile(join(rig.project, to))).equals(await readFile(join(rig.project, 'it.tar'))), to);
    assert.ok(stderr.includes(file.stdout), stderr);
    assert.deepEqual(await leftIn(rig), []);
  }
});

test('build-image -o type=oci,dest=- that fails writes nothing to standard output', options, async (t) => {
  await using rig = await Rig.setup({ files: { ...context, 'bad/Dockerfile': 'FROM scratch\nCOPY gone /\n' } });
  const rows: Readonly<Record<string, { readonly args: readonly string[]; readonly want: string }>> = {
    'a build that fails': { args: ['bad', '-o', 'type=oci,dest=-'], want: '4 copy-source-missing bad/Dockerfile:2:1' },
    'two of them': {
      args: ['.', '-o', 'type=oci,dest=-', '-o', 'type=oci,dest=-'],
      want: '2 contradictory-options',
    },
    'a document as well': { args: ['.', '--json', '-o', 'type=oci,dest=-'], want: '2 contradictory-options' },
    'a full device': { args: ['.', '-o', 'type=oci,dest=-'], want: '2 output-unwritable' },
    'a reader that goes away': { args: ['.', '-o', 'type=oci,dest=-'], want: '2 output-unwritable' },
    'a terminal': { args: ['.', '-o', 'type=oci,dest=-'], want: '2 output-to-terminal' },
  };
  const through: Readonly<Record<string, readonly string[]>> = {
    'a full device': ['sh', '-c', '"$@" > /dev/full', 'sh'],
    'a reader that goes away': ['sh', '-c', '{ "$@"; echo $? > status; } | true; exit $(cat status)', 'sh'],
  };
  for (const [title, { args, want }] of Object.entries(rows)) {
    await t.test(
      title,
      title === 'a terminal' && !isInstalled('script') ? { skip: 'script is not installed' } : {},
      async () => {
        if (title === 'a terminal') {
          const ran = await rig.cip('build-image', ...args, {
            through: ['sh', '-c', 'script -qec "$(printf "%s " "$@") 2> told" /dev/null', 'sh'],
          });
          assert.equal(`${ran.status} ${complaintsIn(await rig.read('told')).join()}`, want);
          return;
        }
        const ran = await rig.cip('build-image', ...args, { through: through[title] ?? [] });
        assert.equal(`${ran.status} ${complaintsIn(ran.stderr).join()}`, want, ran.stderr);
        if (!args.includes('--json')) assert.equal(ran.stdout, '');
      },
    );
  }
});

test('build-image: what a tar on standard input was unpacked to is only for the owner', options, async () => {
  await using rig = await Rig.setup({ files: context });
  assert.equal((await rig.cip('build-image', '-', { input: tarOf(rig, '.') })).status, 0);
  assert.equal((await stat(join(rig.store, 'sessions'))).mode & 0o077, 0o055);
});
