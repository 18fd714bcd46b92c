/** `--trace` and `-v` of the real program: what is written of builds that went well, failed, were stopped and were killed. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');

const info = '{:version "1.0.0"}\n';
const files = {
  'contexts/00-base/info.edn': info,
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY info.edn /\n',
  'contexts/01-app/info.edn': info,
  'contexts/01-app/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY info.edn /app\n',
};

interface Span {
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur: number;
  readonly tid: number;
  readonly args: Readonly<Partial<Record<'image' | 'platform' | 'step' | 'digest' | 'cache', string>>> & {
    readonly bytes?: number;
    readonly isThere?: boolean;
    readonly failed?: boolean;
  };
}

async function spansIn(rig: Rig): Promise<readonly Span[]> {
  assert.deepEqual(await leftBeside(rig), []);
  return JSON.parse(await rig.read('trace.json')).traceEvents;
}

async function leftBeside(rig: Rig): Promise<readonly string[]> {
  return (await readdir(rig.project)).filter((name) => name.endsWith('.part'));
}

const end = ({ ts, dur }: Span) => ts + dur;
const isInside = (one: Span, other: Span) => other.ts <= one.ts && end(one) <= end(other);

/**
 * Of each lane the spans are one inside or beside the other, and the run has all of them; what is a part of a step or of an
 * image lies in it.
 */
function assertNested(spans: readonly Span[]): void {
  const run = spans.find(({ cat }) => cat === 'run')!;
  for (const one of spans) {
    assert(Number.isInteger(one.ts) && Number.isInteger(one.dur) && one.dur >= 0, one.name);
    assert(isInside(one, run), one.name);
    for (const other of spans.filter(({ tid }) => tid === one.tid)) {
      const isApart = end(one) <= other.ts || end(other) <= one.ts;
      assert(isApart || isInside(one, other) || isInside(other, one), `${one.name} and ${other.name}`);
    }
    const { image, platform, step } = one.args;
    const wholes = spans.filter(({ cat, args }) => {
      if (args.image !== image) return false;
      if (one.cat === 'pack') return cat === 'step' && args.step === step && args.platform === platform;
      if (one.cat === 'step' || (one.cat === 'hash' && step !== undefined)) return cat === 'image';
      return one.cat === 'push' && image !== undefined && (cat === 'send' || cat === 'image');
    });
    const isPart = ['pack', 'step'].includes(one.cat) || (['hash', 'push'].includes(one.cat) && wholes.length > 0);
    if (isPart)
      assert(
        wholes.some((whole) => isInside(one, whole)),
        `${one.cat} ${one.name} is in nothing: ${JSON.stringify([one, wholes])}`,
      );
  }
  const phases = spans.filter(({ cat }) => cat === 'phase');
  assert.equal(
    phases.reduce((sum, { dur }) => sum + dur, 0),
    run.dur,
    'phases are the run',
  );
}

/** How many spans of each kind there are. */
function kindsOf(spans: readonly Span[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { cat } of spans) counts[cat] = (counts[cat] ?? 0) + 1;
  return counts;
}

test('--trace: a build, with -v saying why, and one that fails', canBuild, async (t) => {
  await using rig = await Rig.setup({ files });
  const images = (spans: readonly Span[]) => spans.filter(({ cat }) => cat === 'image').map(({ name }) => name);

  await t.test('a build', async () => {
    const { status, stderr } = await rig.cip('build', '-v', '--trace', 'trace.json');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^\[app\] why: never built here before/m);
    const spans = await spansIn(rig);
    assertNested(spans);
    assert.deepEqual(images(spans), ['base', 'app']);
    assert(spans.some(({ cat, name }) => cat === 'step' && name.includes('COPY info.edn /app')));
  });

  await t.test('nothing to be built', async () => {
    assert.equal((await rig.cip('build', '-q', '--trace', 'trace.json')).status, 0);
    const spans = await spansIn(rig);
    assertNested(spans);
    assert.deepEqual(images(spans), []);
  });

  await t.test('one that fails', async () => {
    await rig.write({ 'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY info.edn /\nRUN ["/none"]\n' });
    const { status, stderr } = await rig.cip('build', '-v', '--trace', 'trace.json');
    assert.equal(status, 1, stderr);
    assert.match(stderr, /^\[base\] why: contexts\/00-base\/Dockerfile:3 is new: RUN \["\/none"\]$/m);
    const spans = await spansIn(rig);
    assertNested(spans);
    assert.deepEqual(images(spans), ['base']);
    assert.deepEqual(
      spans.filter(({ args }) => args.failed).map(({ cat }) => cat),
      ['image', 'step'],
    );
  });

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    await t.test(`one that is stopped by ${signal}`, async () => {
      let isStopped = false;
      const { status } = await rig.cip('build', '-v', '--trace', 'trace.json', {
        onStart: (child) =>
          child.stderr?.on('data', (text: string) => {
            if (!isStopped && text.includes('why:')) isStopped = child.kill(signal);
          }),
      });
      assert.equal(status, expected);
      assertNested(await spansIn(rig));
    });

  await t.test('a file that cannot be written', async () => {
    await rig.write({ 'contexts/00-base/Dockerfile': files['contexts/00-base/Dockerfile'] });
    const { status, stderr } = await rig.cip('build', '--trace', join('none', 'trace.json'));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^warning\[trace-not-written\]/m);
  });
});

const busybox = needs('linux', 'busybox', 'user namespaces');
const waiting = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "sh", "-c", "echo it waits; busybox sleep 1000"]',
  '',
].join('\n');

test('--trace: what a build leaves that is killed', busybox, async () => {
  await using rig = await Rig.setup({
    files: { 'trace.json': 'of before', 'c/Dockerfile': waiting, 'c/busybox': await readFile('/bin/busybox') },
  });
  const { status } = await rig.cip('build-image', 'c', '-v', '--trace', 'trace.json', {
    onStart: (child) =>
      child.stderr?.on('data', (text: string) => {
        if (text.includes('it waits')) child.kill('SIGKILL');
      }),
  });
  assert.equal(status, undefined);
  assert.equal(await rig.read('trace.json'), 'of before');
  const [left = 'none', ...more] = await leftBeside(rig);
  assert.deepEqual(more, []);
  assert.match(left, /^trace\.json\.\d+\.part$/);
  // An array without its end, as chrome://tracing and Perfetto take it.
  const text = await rig.read(left);
  const events = JSON.parse(`${text}]`) as readonly (Span & { readonly ph: string })[];
  const open = new Map<number, string[]>();
  for (const { ph, tid, cat } of events) {
    const lane = open.get(tid) ?? [];
    if (ph === 'B') open.set(tid, [...lane, cat]);
    else assert.equal(lane.pop(), cat);
  }
  assert.deepEqual([...open.values()].flat(), ['run', 'phase', 'image', 'step']);
});

test('--trace: a build with a base of a registry, and a publish', busybox, async (t) => {
  await using rig = await Rig.setup({ registry: true });
  const base = `${rig.registry}/outside:1`;
  await rig.write({
    'outside/Dockerfile': 'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\n',
    'outside/busybox': await readFile('/bin/busybox'),
  });
  const env = { CIP_STORE: join(rig.project, '../other') };

  await t.test('build-image --push', async () => {
    const args = ['build-image', 'outside', '-t', base, '--push', '--trace', 'trace.json'];
    const { status, stderr } = await rig.cip(...args, { env });
    assert.equal(status, 0, stderr);
    const spans = await spansIn(rig);
    assertNested(spans);
    const { image, step, pack, compress, push } = kindsOf(spans);
    assert.deepEqual({ image, step, pack, compress, push }, { image: 1, step: 2, pack: 1, compress: 1, push: 3 });
    assert(
      spans
        .filter(({ cat }) => cat === 'push')
        .every((one) => spans.some((all) => all.cat === 'image' && isInside(one, all))),
    );
  });

  await t.test('results of steps that go to a shared directory, and come from it', async (s) => {
    if (process.getuid?.() !== 0) return s.skip('needs root: others share nothing where there is one owner');
    const shared = join(rig.project, '../shared');
    for (const [store, option, kind] of [
      ['first', `--cache-to=type=local,dest=${shared}`, 'push'],
      ['second', `--cache-from=type=local,src=${shared}`, 'pull'],
    ] as const) {
      const own = { env: { CIP_STORE: join(rig.project, '..', store) } };
      const { status, stderr } = await rig.cip('build-image', 'outside', option, '--trace', 'trace.json', own);
      assert.equal(status, 0, stderr);
      const spans = await spansIn(rig);
      assertNested(spans);
      const layers = spans.filter(({ cat, args }) => cat === kind && args.bytes! > 100_000);
      assert.equal(layers.length, 1, kind);
    }
  });

  await rig.write({
    ...files,
    'contexts/00-base/Dockerfile': `FROM ${base}\nCOPY info.edn /\nRUN ["/bin/busybox", "touch", "/made"]\n`,
    'contexts/01-app/Dockerfile': `${files['contexts/01-app/Dockerfile']}WORKDIR /work\n`,
  });
  const platform = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
  const publish = ['publish', '--remote-registry', rig.registry, '--platform', platform, '--trace', 'trace.json'];
  let digests: readonly (string | undefined)[] = [];

  await t.test('publish', async () => {
    const { status, stderr } = await rig.cip(...publish);
    assert.equal(status, 0, stderr);
    const spans = await spansIn(rig);
    assertNested(spans);
    const found = (cat: string) => spans.filter((span) => span.cat === cat);
    // What a build and a publish must show: kind, what of it, how often.
    const rows: readonly (readonly [kind: string, isOne: (span: Span) => boolean, count: number])[] = [
      ['phase', () => true, 2],
      ['image', ({ args }) => args.image !== undefined, 2],
      ['send', ({ args }) => args.image !== undefined, 2],
      ['step', ({ args }) => args.cache === 'miss', 6],
      ['hash', ({ name }) => /^context of (?:base|app)$/.test(name), 2],
      ['hash', ({ name, args }) => args.image === 'base' && name.includes('COPY info.edn'), 2],
      ['pack', ({ args }) => args.step !== undefined && /^sha256:/.test(args.digest ?? '') && args.bytes! > 0, 4],
      // The configuration and the layer; the manifest was asked for when the build was decided.
      ['pull', ({ args }) => /^sha256:/.test(args.digest ?? '') && args.bytes! > 0, 2],
      // The base: it is needed once, whoever needs it.
      ['unpack', ({ args }) => args.image === undefined && args.bytes! > 100_000, 1],
      ['compress', ({ name, args }) => name !== args.digest && args.bytes! > 0, 4],
      // Manifest, index, configuration and layers; of those that the base has, none is sent twice.
      ['push', ({ args }) => args.image === 'base' && args.bytes! > 0, 6],
      ['push', ({ args }) => args.image === 'app' && args.isThere !== true, 4],
      ['push', ({ args }) => args.image === 'app' && args.isThere === true, 3],
    ];
    assert.deepEqual(
      rows.map(([kind, isOne]) => [kind, found(kind).filter(isOne).length]),
      rows.map(([kind, , count]) => [kind, count]),
      JSON.stringify(spans.filter(({ cat }) => cat !== 'run')),
    );
    const packed = found('pack').map(({ args }) => args.digest);
    assert.deepEqual(
      found('compress')
        .map(({ name }) => name)
        .toSorted(),
      packed.toSorted(),
    );
    const sent = new Set(found('push').map(({ name }) => name));
    digests = found('compress').map(({ args }) => args.digest);
    for (const digest of digests) assert(sent.has(digest!));
  });

  await t.test('once more: nothing is made or sent', async () => {
    assert.equal((await rig.cip(...publish)).status, 0);
    const spans = await spansIn(rig);
    assertNested(spans);
    const { run, phase, hash, ...others } = kindsOf(spans);
    assert.deepEqual([run, phase, hash, others], [1, 2, 2, {}]);
  });
});
