/** `--cache-to` and `--cache-from`: machines with stores of their own build the same image, and none makes what another has made. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { busyboxFor } from '../support/fixtures.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const dockerfile = [
  'FROM scratch AS tools',
  'COPY --chmod=755 busybox /bin/busybox',
  'SHELL ["/bin/busybox", "sh", "-c"]',
  'FROM tools AS side',
  'RUN echo $RANDOM$RANDOM > /random',
  'FROM tools',
  'COPY --from=side /random /random',
  'COPY text /text',
  'RUN /bin/busybox cat /text /random > /both',
  '',
].join('\n');

async function setUp(): Promise<Rig> {
  const busybox = await readFile(busyboxFor(process.arch === 'arm64' ? 'arm64' : 'amd64'));
  return Rig.setup({ files: { 'c/Dockerfile': dockerfile, 'c/busybox': busybox, 'c/text': 'a text\n' } });
}

interface Built {
  readonly digest: string;
  /** Instructions of the steps that ran, in order of their names. */
  readonly ran: readonly string[];
  readonly outcome: Outcome;
}

/** Builds on the machine of that name: each has a store of its own. */
async function build(rig: Rig, machine: string, ...args: readonly string[]): Promise<Built> {
  const store = join(rig.project, '..', `store-${machine}`);
  const outcome = await rig.cip('build-image', 'c', '--progress=json', '--json', ...args, {
    env: { CIP_STORE: store },
  });
  assert.equal(outcome.status, 0, outcome.stderr);
  const events = outcome.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly name?: string });
  const ran = events.flatMap(({ type, name = '' }) =>
    type === 'step-started' && !name.includes('FROM') ? [name.replace(/^\[[^\]]*\] /, '')] : [],
  );
  const { digest } = JSON.parse(outcome.stdout) as { readonly digest: string };
  return { digest, ran: ran.sort(), outcome };
}

const all = [
  'COPY --chmod=755 busybox /bin/busybox',
  'COPY --from=side /random /random',
  'COPY text /text',
  'RUN /bin/busybox cat /text /random > /both',
  'RUN echo $RANDOM$RANDOM > /random',
];

/** What the caches are in, as options say it; a row for each type. */
const types: Readonly<
  Record<string, () => Promise<AsyncDisposable & { readonly from: string; readonly to: string; readonly path: string }>>
> = {
  directory: async () => {
    const temp = await tempDir();
    const path = join(temp.path, 'cache');
    return {
      path,
      from: `type=local,src=${path}`,
      to: `type=local,dest=${path}`,
      [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
    };
  },
  registry: async () => {
    const temp = await tempDir();
    const registry = await startDockerRegistry(temp.path);
    const from = `${registry.host}/team/cache:main`;
    return {
      path: temp.path,
      from,
      to: `type=registry,ref=${from}`,
      async [Symbol.asyncDispose]() {
        await registry[Symbol.asyncDispose]();
        await temp[Symbol.asyncDispose]();
      },
    };
  },
};

for (const [type, open] of Object.entries(types))
  describe(
    `a shared ${type}`,
    needs('linux', 'root', 'user namespaces', 'test/support/foreign-busybox.sh', 'docker-registry'),
    () => {
      test('what one machine has made no other makes again, to the bytes of what was random', async () => {
        await using rig = await setUp();
        await using cache = await open();
        const first = await build(rig, 'one', '--cache-to', cache.to, '--cache-from', cache.from);
        assert.deepEqual(first.ran, all);
        const second = await build(rig, 'two', '--cache-from', cache.from);
        assert.deepEqual([second.ran, second.digest], [[], first.digest]);
        // Without it the number is another.
        assert.notEqual((await build(rig, 'three')).digest, first.digest);
        // What changes is made, on what was taken.
        await rig.write({ 'c/text': 'another\n' });
        const changed = await build(rig, 'four', '--cache-from', cache.from);
        assert.deepEqual(changed.ran, ['COPY text /text', 'RUN /bin/busybox cat /text /random > /both']);
      });

      test('a machine that has all of it in its store gives it all, and what it took it gives on', async () => {
        await using rig = await setUp();
        await using cache = await open();
        await using other = await open();
        const first = await build(rig, 'one');
        assert.deepEqual((await build(rig, 'one', '--cache-to', cache.to)).ran, []);
        const second = await build(rig, 'two', '--cache-from', cache.from, '--cache-to', other.to);
        assert.deepEqual([second.ran, second.digest], [[], first.digest]);
        // Also of the steps that only others stand on.
        await rig.write({ 'c/text': 'another\n' });
        const changed = await build(rig, 'three', '--cache-from', other.from);
        assert.deepEqual(changed.ran, ['COPY text /text', 'RUN /bin/busybox cat /text /random > /both']);
      });

      test('--no-cache takes nothing, and gives', async () => {
        await using rig = await setUp();
        await using cache = await open();
        const first = await build(rig, 'one', '--cache-to', cache.to);
        const anew = await build(rig, 'two', '--no-cache', '--cache-from', cache.from, '--cache-to', cache.to);
        assert.deepEqual(anew.ran, all);
        assert.notEqual(anew.digest, first.digest);
        assert.equal((await build(rig, 'three', '--cache-from', cache.from)).digest, anew.digest);
      });

      test('a stage that is made anew is what others get from then on', async () => {
        await using rig = await setUp();
        await using cache = await open();
        await build(rig, 'one', '--cache-to', cache.to);
        const anew = await build(rig, 'one', '--no-cache-filter=side', '--cache-to', cache.to);
        assert.equal((await build(rig, 'two', '--cache-from', cache.from)).digest, anew.digest);
      });
    },
  );

describe(
  'a shared cache that cannot be used',
  needs('linux', 'root', 'user namespaces', 'test/support/foreign-busybox.sh'),
  () => {
    /** Where there is nothing to be had, as options say it. */
    const nowhere: readonly [title: string, make: (path: string) => Promise<string>][] = [
      ['a directory that is not there', async (path) => `type=local,src=${path}`],
      [
        'a file in its place',
        async (path) => {
          await writeFile(path, '');
          return `type=local,src=${path}`;
        },
      ],
      ['a registry that is not there', async () => `127.0.0.1:${await freePort()}/cache`],
    ];
    for (const [title, make] of nowhere)
      test(`${title} costs nothing but what has to be made`, async () => {
        await using rig = await setUp();
        await using temp = await tempDir();
        const from = await make(join(temp.path, 'cache'));
        const { ran, outcome } = await build(rig, 'one', '--cache-from', from);
        assert.deepEqual(ran, all);
        assert.equal(
          outcome.stderr.includes('cannot be used'),
          !title.includes('that is not there') || title.includes('registry'),
        );
      });

    test('one that cannot be written: said once, and the image is there', async () => {
      await using rig = await setUp();
      await using temp = await tempDir();
      const path = join(temp.path, 'cache');
      await writeFile(path, '');
      const { outcome } = await build(rig, 'one', '--cache-to', `type=local,dest=${path}`);
      assert.equal(outcome.stderr.split('cannot be used, so').length, 2, outcome.stderr);
    });

    test('a copy that was made of half of it is used as far as it goes', async () => {
      await using rig = await setUp();
      await using temp = await tempDir();
      const path = join(temp.path, 'cache');
      const { digest } = await build(rig, 'one', '--cache-to', `type=local,dest=${path}`);
      const blobs = await readdir(join(path, 'blobs', 'sha256'));
      const seen = new Set<boolean>();
      for (const [at, blob] of blobs.entries()) {
        const half = join(temp.path, `half-${at}`);
        await cp(path, half, { recursive: true });
        await rm(join(half, 'blobs', 'sha256', blob));
        const { ran, digest: halved } = await build(
          rig,
          `half-${at}`,
          '--cache-from',
          `type=local,src=${half}`,
          '--cache-to',
          `type=local,dest=${half}`,
        );
        // Nobody asks for what only a finished stage stands on.
        const needed = ran.length > 0;
        seen.add(needed);
        const again = await build(rig, `again-${at}`, '--cache-from', `type=local,src=${half}`);
        assert.deepEqual([again.ran, again.digest], [[], halved], blob);
      }
      assert.deepEqual(seen, new Set([true, false]));
      assert.equal((await build(rig, 'two', '--cache-from', `type=local,src=${path}`)).digest, digest);
    });

    test('where steps have no users but root they take, and do not give', async () => {
      await using rig = await setUp();
      await using temp = await tempDir();
      const path = join(temp.path, 'cache');
      await mkdir(path);
      await chmod(path, 0o777);
      for (const directory of [rig.project, join(rig.project, '..')]) await chmod(directory, 0o755);
      // An id that has no range of others.
      const through = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'];
      const home = join(temp.path, 'home');
      await mkdir(home, { mode: 0o777 });
      await chmod(home, 0o777);
      await chmod(temp.path, 0o755);
      const env = { CIP_STORE: join(home, 'store'), HOME: home };
      const cacheTo = `type=local,dest=${path}`;
      const { status, stderr } = await rig.cip('build-image', 'c', '--cache-to', cacheTo, { env, through });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /not shared/);
      assert.deepEqual(await readdir(path), []);
    });
  },
);

test(
  'several caches, and a variable for those of every run',
  needs('linux', 'root', 'user namespaces', 'test/support/foreign-busybox.sh'),
  async () => {
    await using rig = await setUp();
    await using temp = await tempDir();
    const [a, b] = [join(temp.path, 'a'), join(temp.path, 'b')];
    const { digest } = await build(rig, 'one', '--cache-to', `type=local,dest=${a}`);
    const both = await rig.cip('build-image', 'c', '--json', {
      env: {
        CIP_STORE: join(temp.path, 'store'),
        CIP_CACHE_FROM: ` type=local,src=${a}  type=local,src=${b}`,
        // Relative to where cip is.
        CIP_CACHE_TO: `type=local,dest=${relative(rig.project, b)}`,
      },
    });
    assert.equal(both.status, 0, both.stderr);
    assert.equal((JSON.parse(both.stdout) as { digest: string }).digest, digest);
    assert.equal((await build(rig, 'three', '--cache-from', `type=local,src=${b}`)).digest, digest);
  },
);

/** A port on which nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test(
  'a project: what one machine has built the next one has, image for image',
  needs('linux', 'root', 'user namespaces', 'test/support/foreign-busybox.sh', 'docker-registry'),
  async () => {
    const busybox = await readFile(busyboxFor(process.arch === 'arm64' ? 'arm64' : 'amd64'));
    await using rig = await Rig.setup({
      files: {
        'contexts/00-base/Dockerfile':
          'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nSHELL ["/bin/busybox", "sh", "-c"]\nRUN echo $RANDOM$RANDOM > /base\n',
        'contexts/00-base/busybox': busybox,
        'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
        'contexts/01-child/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nRUN echo $RANDOM$RANDOM > /child\n',
        'contexts/01-child/info.edn': '{:version "1.0.0"}\n',
      },
    });
    await using temp = await tempDir();
    await using registry = await startDockerRegistry(temp.path);
    const cache = `${registry.host}/team/cache`;
    const run = async (machine: string, ...args: readonly string[]) => {
      // Else each index says when it was made.
      const env = { CIP_STORE: join(rig.project, '..', `store-${machine}`), SOURCE_DATE_EPOCH: '1700000000' };
      const { status, stdout, stderr } = await rig.cip('build', '--json', '--progress=json', ...args, { env });
      assert.equal(status, 0, stderr);
      const { images } = JSON.parse(stdout) as { readonly images: readonly { name: string; digest?: string }[] };
      const steps = stderr.split('\n').filter((line) => line.includes('"step-started"') && line.includes('RUN'));
      return { images: images.map(({ name, digest }) => ({ name, digest })), steps: steps.length };
    };
    const first = await run('one', '--cache-to', cache);
    assert.equal(first.steps, 2);
    assert.ok(first.images.every(({ digest }) => digest !== undefined));
    assert.deepEqual(await run('two', '--cache-from', cache), { ...first, steps: 0 });
  },
);
