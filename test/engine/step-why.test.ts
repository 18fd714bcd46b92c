/** Why a step runs: what its key is made of, beside what runs before were made of. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RememberedStep, RememberedSteps } from '../../src/engine/cache/remembered-steps.ts';
import type { ExecOp, OpDefinition, Step } from '../../src/engine/op/op-definition.ts';
import { runnerFor } from '../../src/engine/op/runners.ts';
import type { Snapshot } from '../../src/engine/snapshot/snapshot.ts';
import { makeVertex, type Vertex } from '../../src/engine/solver/vertex.ts';
import { StepWhys } from '../../src/engine/step-why.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { OpRig } from './op/op-rig.ts';

const exec: ExecOp = {
  kind: 'exec',
  args: ['make'],
  env: ['BUILD_DATE=1', 'MODE=fast', 'A=1', 'B=1', 'C=1'],
  keylessEnv: [],
  cwd: '/',
  user: '',
  mounts: [{ type: 'tmpfs', target: '/t' }],
  network: 'default',
  platform: { os: 'linux', architecture: 'amd64' },
};
const layerOf = (text: string) => ({
  blob: { mediaType: 'm', digest: digestOf(text), size: 1 },
  diffID: digestOf(text),
});
const imageOf = (text: string): OpDefinition => ({ kind: 'image', manifest: digestOf(text), layers: [layerOf(text)] });

/** One build: a base, and a RUN on it. */
interface Build {
  readonly base?: string;
  readonly text?: string;
  readonly stage?: string;
  readonly op?: Partial<ExecOp>;
}

function verticesOf({ base = 'one', text = 'RUN make', stage = '0', op = {} }: Build): readonly Vertex<Step>[] {
  const image = makeVertex<Step>({ op: { op: imageOf(base) }, meaning: base, inputs: [], name: 'FROM debian:12' });
  const origin = {
    image: 'app',
    stage,
    at: { file: 'Dockerfile', line: 2, column: 1, offset: 0, length: 1 },
    text,
    args: ['BUILD_DATE'],
  };
  const run = { op: { ...exec, ...op }, origin } as Step;
  return [image, makeVertex<Step>({ op: run, meaning: run.op, inputs: [image], name: `[${stage} 2/2] ${text}` })];
}

/** What is told of both, as `reason parts: message`. */
async function told(rig: OpRig, memory: RememberedSteps, build: Build, isAsked = false): Promise<readonly string[]> {
  const vertices = verticesOf(build);
  const whys = new StepWhys(memory, { image: 'app', platform: 'linux/amd64', isAsked, target: vertices.at(-1)! });
  const lines: string[] = [];
  for (const vertex of vertices) {
    const map = await runnerFor(vertex.op, rig.services(vertex.op)).cacheMap(new AbortController().signal);
    const inputs = vertex.inputs.map(
      ({ op: { op } }) => ({ layers: op.kind === 'image' ? op.layers : [] }) as Snapshot,
    );
    const why = await whys.told({ vertex, map, inputs, isAnew: false });
    whys.made(vertex);
    if (why !== undefined) lines.push(`${why.reason} ${why.parts.join(',')}: ${why.message}`);
  }
  await whys.keep();
  return lines;
}

const gone = 'result-gone : its result is not in the store any more';
const rows: readonly [title: string, builds: readonly Build[], told: readonly string[]][] = [
  ['nothing', [{}], [gone, gone]],
  [
    'a build argument, which is told without its value',
    [{ op: { env: ['BUILD_DATE=2', ...exec.env.slice(1)] } }],
    [gone, 'part-changed env BUILD_DATE: ARG BUILD_DATE has another value'],
  ],
  ['a variable', [{ op: { env: [...exec.env, 'NEW=1'] } }], [gone, 'part-changed env NEW: variable NEW is new']],
  [
    'more than anybody reads',
    [{ op: { env: exec.env.map((pair) => `${pair}0`) } }],
    [
      gone,
      'part-changed env BUILD_DATE,env MODE,env A,env B,env C: ARG BUILD_DATE has another value; variable MODE has another value; variable A has another value; 2 more',
    ],
  ],
  ['the directory', [{ op: { cwd: '/w' } }], [gone, 'part-changed cwd: the directory it runs in / → /w']],
  ['a mount', [{ op: { mounts: [] } }], [gone, 'part-changed mount 1: mount 1 is gone']],
  ['the shell', [{ op: { args: ['sh', 'make'] } }], [gone, 'part-changed args: its command or shell changed']],
  [
    'the instruction',
    [{ text: 'RUN make all', op: { args: ['make', 'all'] } }],
    [gone, 'part-changed args: it said RUN make'],
  ],
  [
    'the base',
    [{ base: 'two' }],
    [
      'part-changed layers: base debian:12 moved',
      'input-changed input 0: it is made of something else now: FROM debian:12',
    ],
  ],
  ['another stage', [{ stage: 'other' }], [gone, 'new : there was no such step']],
  [
    'what it was before the last time differs less',
    [{ op: { cwd: '/w' } }, { op: { user: '1' } }],
    [gone, 'part-changed user: USER none → 1'],
  ],
];
for (const [title, builds, last] of rows)
  test(`why a step runs: ${title}`, async () => {
    await using temp = await tempDir();
    await using rig = await OpRig.open();
    await using store = await Store.open(join(temp.path, 'store'));
    const memory = new RememberedSteps(store);
    assert.deepEqual(await told(rig, memory, {}), [], 'nothing is remembered');
    let lines: readonly string[] = [];
    for (const build of builds) lines = await told(rig, memory, build);
    assert.deepEqual(lines, last);
    const remembered: readonly RememberedStep[] = await memory.of('app', 'linux/amd64');
    assert(!JSON.stringify(remembered).includes('BUILD_DATE='), 'no values are kept');
    const asked = 'asked-for : asked for by an option';
    assert.deepEqual(await told(rig, memory, builds.at(-1)!, true), [asked, asked]);
  });

test('a step that has not run is not remembered', async () => {
  await using temp = await tempDir();
  await using rig = await OpRig.open();
  await using store = await Store.open(join(temp.path, 'store'));
  const memory = new RememberedSteps(store);
  const [vertex] = verticesOf({}) as [Vertex<Step>];
  const whys = new StepWhys(memory, { image: 'app', platform: 'linux/amd64', isAsked: false, target: vertex });
  const map = await runnerFor(vertex.op, rig.services(vertex.op)).cacheMap(new AbortController().signal);
  await whys.told({ vertex, map, inputs: [], isAnew: false });
  await whys.keep();
  assert.deepEqual(await memory.of('app', 'linux/amd64'), []);
});
