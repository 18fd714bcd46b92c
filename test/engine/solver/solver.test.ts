import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryResultCache } from '../../../src/engine/solver/result-cache.ts';
import { Solver } from '../../../src/engine/solver/solver.ts';
import { makeVertex, type Vertex } from '../../../src/engine/solver/vertex.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { silent } from '../../../src/progress.ts';
import { type Arithmetic, Calculator } from '../../support/arithmetic-op.ts';

type Node = Vertex<Arithmetic>;

const never = new AbortController().signal;
const constant = (value: number): Node => makeVertex({ op: { kind: 'constant', value }, inputs: [], name: `${value}` });
const sum = (plus: number, ...inputs: Node[]): Node => makeVertex({ op: { kind: 'sum', plus }, inputs, name: 'sum' });
const parity = (input: Node): Node => makeVertex({ op: { kind: 'parity' }, inputs: [input], name: 'parity' });
const sumByContent = (plus: number, ...inputs: Node[]): Node =>
  makeVertex({ op: { kind: 'sum', plus, byContent: true }, inputs, name: 'sum by content' });

function rig(concurrency = 4, pause?: number) {
  const calculator = new Calculator(pause);
  const cache = new MemoryResultCache<number>();
  const solver = new Solver({ opOf: calculator.opOf, cache, concurrency, now: () => 0 });
  const solve = (target: Node, noCache = false, progress = silent) =>
    solver.solve({ target }, { progress, noCache }, never);
  return { calculator, solver, solve };
}

test('a sum of sums is computed', async () => {
  const { solve } = rig();
  assert.equal(await solve(sum(1, sum(0, constant(7), constant(2)), constant(10))), 20);
});

test('equal vertices are the same work, done once', async () => {
  const { calculator, solve } = rig();
  assert.equal(await solve(sum(0, sum(1, constant(2)), sum(1, constant(2)))), 6);
  assert.deepEqual(calculator.runs, ['constant', '2+1', '3+3+0']);
});

test('what was computed once is found again, and nothing below it is looked at', async () => {
  const { calculator, solve } = rig();
  const target = sum(1, sum(1, constant(2)));
  await solve(target);
  calculator.runs.length = 0;
  const events: ProgressEvent[] = [];
  assert.equal(await solve(target, false, { emit: (event) => events.push(event) }), 4);
  assert.deepEqual(calculator.runs, []);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['step-cached'],
  );
});

test('without the cache all is computed again, and still kept for the next time', async () => {
  const { calculator, solve } = rig();
  const target = sum(1, constant(2));
  await solve(target);
  await solve(target, true);
  assert.deepEqual(calculator.runs, ['constant', '2+1', 'constant', '2+1']);
  await solve(target);
  assert.equal(calculator.runs.length, 4);
});

test('a miss at the top does not keep what is below from being found', async () => {
  const { calculator, solve } = rig();
  const below = sum(1, constant(2));
  await solve(below);
  calculator.runs.length = 0;
  assert.equal(await solve(sum(5, below)), 8);
  assert.deepEqual(calculator.runs, ['3+5']);
});

test('an input made otherwise with the same content hits where it is keyed by content', async () => {
  const { calculator, solve } = rig();
  await solve(sumByContent(5, parity(constant(7))));
  calculator.runs.length = 0;
  assert.equal(await solve(sumByContent(5, parity(constant(9)))), 6);
  assert.deepEqual(calculator.runs, ['constant', 'parity']);
});

test('an input made otherwise misses where it is keyed by how it was made', async () => {
  const { calculator, solve } = rig();
  await solve(sum(5, parity(constant(7))));
  calculator.runs.length = 0;
  await solve(sum(5, parity(constant(9))));
  assert.deepEqual(calculator.runs, ['constant', 'parity', '1+5']);
});

test('siblings run in parallel, up to the limit', async () => {
  const siblings = [1, 2, 3, 4, 5, 6].map(constant);
  const wide = rig(3);
  await wide.solve(sum(0, ...siblings));
  assert.equal(wide.calculator.mostAtOnce, 3);
  const narrow = rig(1);
  await narrow.solve(sum(0, ...siblings));
  assert.equal(narrow.calculator.mostAtOnce, 1);
});

test('two solves at once share the steps they have in common', async () => {
  const { calculator, solve } = rig();
  const below = sum(1, constant(2));
  assert.deepEqual(await Promise.all([solve(sum(10, below)), solve(sum(20, below))]), [13, 23]);
  assert.deepEqual(
    calculator.runs.filter((run) => run === '2+1'),
    ['2+1'],
  );
});

test('a failure ends the steps beside it before it is told', async () => {
  const { calculator, solve } = rig();
  const broken = makeVertex<Arithmetic>({ op: { kind: 'broken' }, inputs: [], name: 'broken' });
  const endless = makeVertex<Arithmetic>({ op: { kind: 'endless' }, inputs: [], name: 'endless' });
  await assert.rejects(solve(sum(0, endless, broken)), /does not compute/);
  assert.equal(calculator.running, 0);
});

test('an abort ends what is running', async () => {
  const { calculator, solver } = rig();
  const endless = makeVertex<Arithmetic>({ op: { kind: 'endless' }, inputs: [], name: 'endless' });
  const stop = new AbortController();
  const solving = solver.solve({ target: endless }, { progress: silent }, stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await assert.rejects(solving, /enough/);
  assert.equal(calculator.running, 0);
});

test('the digest of a vertex knows its operation and inputs, not its name', () => {
  const named = makeVertex<Arithmetic>({ op: { kind: 'constant', value: 1 }, inputs: [], name: 'one' });
  assert.equal(named.digest, constant(1).digest);
  assert.notEqual(constant(1).digest, constant(2).digest);
  assert.notEqual(sum(1, constant(1), constant(2)).digest, sum(1, constant(2), constant(1)).digest);
});

test('a chain of thousands of steps needs no stack', async () => {
  const { solve } = rig(4, 0);
  let target = constant(0);
  for (let step = 0; step < 20_000; step++) target = sum(1, target);
  assert.equal(await solve(target), 20_000);
});
