import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCache } from '../../../src/engine/cache/memory.ts';
import type { ResultCache } from '../../../src/engine/solver/result-cache.ts';
import { Solver } from '../../../src/engine/solver/solver.ts';
import { makeVertex, type Vertex } from '../../../src/engine/solver/vertex.ts';
import type { Digest } from '../../../src/oci/digest.ts';
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

function rig(concurrency = 4, pause?: number, cache: ResultCache<number> = new MemoryCache<number>()) {
  const calculator = new Calculator(pause);
  const solver = new Solver({ opOf: calculator.opOf, concurrency, now: () => 0 });
  const solve = (target: Node, progress = silent, signal = never) =>
    solver.solve({ target }, { progress, cache }, signal);
  return { calculator, solve };
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
  assert.equal(await solve(target, { emit: (event) => events.push(event) }), 4);
  assert.deepEqual(calculator.runs, []);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['step-cached'],
  );
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
  const { calculator, solve } = rig();
  const endless = makeVertex<Arithmetic>({ op: { kind: 'endless' }, inputs: [], name: 'endless' });
  const stop = new AbortController();
  const solving = solve(endless, silent, stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await assert.rejects(solving, /enough/);
  assert.equal(calculator.running, 0);
});

/** Within so many turns of the event loop: what never comes is a failure. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < 10_000, 'it never came to that');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Takes results only when it is let; remembers the signals it was given. */
class SlowCache extends MemoryCache<number> {
  readonly signals: AbortSignal[] = [];
  puts = 0;
  open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  override async put(key: Digest, result: number, signal: AbortSignal): Promise<void> {
    this.signals.push(signal);
    await this.#opened;
    await super.put(key, result, signal);
    this.puts += 1;
  }
}

test('a step does not wait until the one before it is in the cache, a solve does', async () => {
  const cache = new SlowCache();
  const { calculator, solve } = rig(1, 0, cache);
  let solved = false;
  const solving = solve(sum(1, sum(2, constant(3)))).finally(() => {
    solved = true;
  });
  await until(() => calculator.runs.length >= 3);
  assert.deepEqual([solved, cache.puts], [false, 0]);
  cache.open();
  assert.equal(await solving, 6);
  assert.equal(cache.puts, 3);
});

test('what is not in the cache yet is shared by another solve', async () => {
  const cache = new SlowCache();
  const { calculator, solve } = rig(1, 0, cache);
  const below = sum(2, constant(3));
  const first = solve(below);
  await until(() => cache.signals.length >= 2);
  const second = solve(sum(1, below));
  await until(() => calculator.runs.length >= 3);
  cache.open();
  assert.deepEqual(await Promise.all([first, second]), [5, 6]);
  assert.deepEqual(calculator.runs, ['constant', '3+2', '5+1']);
});

test('the failure of a step takes nothing of those before it from the cache', async () => {
  const cache = new SlowCache();
  const { calculator, solve } = rig(1, 0, cache);
  const broken = makeVertex<Arithmetic>({ op: { kind: 'broken' }, inputs: [constant(3)], name: 'broken' });
  const solving = solve(broken);
  await until(() => calculator.runs.length >= 2);
  cache.open();
  await assert.rejects(solving, /does not compute/);
  assert.equal(cache.puts, 1);
});

test('an abort ends what is on its way into the cache', async () => {
  const cache = new SlowCache();
  const stop = new AbortController();
  const { solve } = rig(1, 0, cache);
  const solving = solve(constant(3), silent, stop.signal);
  await until(() => cache.signals.length >= 1);
  stop.abort(new Error('enough'));
  assert.equal(cache.signals[0]?.aborted, true);
  cache.open();
  await assert.rejects(solving, /enough/);
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

test('where all is asked for the cache is asked for what nobody needed, too, and for what was made anew where that is', async () => {
  const asked: Digest[] = [];
  const recording = (cache: MemoryCache<number>): ResultCache<number> => ({
    name: 'recording',
    get: (key, signal) => {
      asked.push(key);
      return cache.get(key, signal);
    },
    put: (key, result, signal) => cache.put(key, result, signal),
  });
  const [cache, thisRun] = [new MemoryCache<number>(), new MemoryCache<number>()];
  const target = sum(1, sum(1, constant(2)));
  const calculator = new Calculator();
  const solver = new Solver({ opOf: calculator.opOf, concurrency: 1, now: () => 0 });
  await solver.solve({ target }, { progress: silent, cache }, never);
  await solver.solve({ target }, { progress: silent, cache: recording(cache) }, never);
  assert.equal(asked.length, 1);
  asked.length = 0;
  await solver.solve({ target }, { progress: silent, cache: recording(cache), asksAll: true }, never);
  assert.equal(new Set(asked).size, 3);
  asked.length = 0;
  // All of them are made anew.
  const anew = { is: (op: Arithmetic) => op.kind === 'constant', cache: thisRun };
  await solver.solve({ target }, { progress: silent, cache: recording(cache), anew, asksAll: true }, never);
  assert.deepEqual(asked, []);
});
