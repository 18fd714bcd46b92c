/** `--trace` and `-v` of the real program: what is written of builds that went well, failed and were stopped. */
import assert from 'node:assert/strict';
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
}

async function spansIn(rig: Rig): Promise<readonly Span[]> {
  return JSON.parse(await rig.read('trace.json')).traceEvents;
}

/** Of each lane the spans are one inside or beside the other, and the run has all of them. */
function assertNested(spans: readonly Span[]): void {
  const run = spans.find(({ cat }) => cat === 'run')!;
  const end = ({ ts, dur }: Span) => ts + dur;
  for (const one of spans) {
    assert(one.ts >= run.ts && end(one) <= end(run), one.name);
    for (const other of spans.filter(({ tid }) => tid === one.tid)) {
      const isApart = end(one) <= other.ts || end(other) <= one.ts;
      const isInside = (one.ts <= other.ts && end(other) <= end(one)) || (other.ts <= one.ts && end(one) <= end(other));
      assert(isApart || isInside, `${one.name} and ${other.name}`);
    }
  }
  const phases = spans.filter(({ cat }) => cat === 'phase');
  assert.equal(
    phases.reduce((sum, { dur }) => sum + dur, 0),
    run.dur,
    'phases are the run',
  );
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
  });

  await t.test('one that is stopped', async () => {
    let isStopped = false;
    const { status } = await rig.cip('build', '-v', '--trace', 'trace.json', {
      onStart: (child) =>
        child.stderr?.on('data', (text: string) => {
          if (!isStopped && text.includes('why:')) isStopped = child.kill('SIGINT');
        }),
    });
    assert.equal(status, 130);
    assertNested(await spansIn(rig));
  });

  await t.test('a file that cannot be written', async () => {
    await rig.write({ 'contexts/00-base/Dockerfile': files['contexts/00-base/Dockerfile'] });
    const { status, stderr } = await rig.cip('build', '--trace', join('none', 'trace.json'));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^warning\[trace-not-written\]/m);
  });
});
