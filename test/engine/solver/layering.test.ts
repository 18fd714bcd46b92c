/**
 * Results that hold what they were made on: each is a list of words, of which a step adds one. A step `draw` adds another
 * word each time that it runs, as `git clone` does; what one solve returns must hold one word of each.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCache } from '../../../src/engine/cache/memory.ts';
import type { Layering, Op } from '../../../src/engine/solver/op.ts';
import { Solver } from '../../../src/engine/solver/solver.ts';
import { makeVertex, type Vertex } from '../../../src/engine/solver/vertex.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { silent } from '../../../src/progress.ts';

type Words = readonly string[];
type Node = Vertex<Adding>;

interface Adding {
  readonly word: string;
  readonly isDrawn?: boolean;
  /** What is added too is the last word of the second input. */
  readonly isCopied?: boolean;
  /** Blob of the word, which counts in the key of the first step alone. */
  readonly blob?: string;
}

const layering: Layering<Words> = {
  baseOf: (words) => words.slice(0, -1),
  onto: (words, base) => [...base, ...words.slice(base.length)],
  isSame: (one, other) => meaning(one) === meaning(other),
};

/** Without the blobs. */
const meaning = (words: Words) => words.map((word) => word.replace(/@.*/, '')).join(' ');

let draws = 0;

function opOf({ word, isDrawn = false, isCopied = false, blob }: Adding): Op<Words> {
  const content = (words: Words) => Promise.resolve(digestOf(meaning(words)));
  return {
    ...(blob === undefined && { layering }),
    cacheMap: () =>
      Promise.resolve({
        digest: digestOf(JSON.stringify([word, isDrawn, isCopied, blob])),
        contentDigests: blob === undefined ? [content, content] : [],
      }),
    exec: ([base = [], source = []]) => {
      if (blob !== undefined) return Promise.resolve([`${word}@${blob}`]);
      if (isDrawn) draws += 1;
      return Promise.resolve([...base, isDrawn ? `${word}${draws}` : isCopied ? `${word}:${source.at(-1)}` : word]);
    },
  };
}

const node = (op: Adding, ...inputs: Node[]): Node => makeVertex({ op, inputs, name: op.word });

const base = node({ word: 'base' });
const drawn = node({ word: 'drawn', isDrawn: true }, base);
const left = node({ word: 'left' }, drawn);
const right = node({ word: 'right' }, drawn);
const both = node({ word: 'both', isCopied: true }, left, node({ word: 'key', isCopied: true }, right, drawn));

/** Of a process of its own: it shares nothing but the cache. */
function solve(target: Node, cache: MemoryCache<Words>): Promise<Words> {
  const solver = new Solver<Adding, Words>({ opOf, concurrency: 2, now: () => 0 });
  return solver.solve({ target }, { progress: silent, cache }, new AbortController().signal);
}

/** The words that were drawn, of which one result must have one. */
const drawnIn = (words: Words) => new Set(words.join(' ').match(/drawn\d+/g));

class Splitting extends MemoryCache<Words> {
  /** What another process made meanwhile is found under some keys and not under others. */
  override async get(...args: Parameters<MemoryCache<Words>['get']>): Promise<Words | undefined> {
    const found = await super.get(...args);
    return found !== undefined && this.hides(found) ? undefined : found;
  }

  hides: (found: Words) => boolean = () => false;
}

for (const hidden of ['drawn', 'left', 'right', 'key'])
  test(`a result holds one run of each step where another process has made all but what ends with ${hidden}`, async () => {
    const cache = new Splitting();
    await solve(both, cache);
    cache.hides = (found) => found.at(-1)!.startsWith(hidden) || found.at(-1)!.startsWith('both');
    const words = await solve(both, cache);
    assert.equal(drawnIn(words).size, 1, words.join(' '));
  });

test('a step that was made again meanwhile is not mixed with what was made of it before', async () => {
  const cache = new Splitting();
  await solve(both, cache);
  // A build without the cache that failed after two steps.
  await solve(
    left,
    new (class extends MemoryCache<Words> {
      override get = () => Promise.resolve(undefined);
      override put = (...args: Parameters<MemoryCache<Words>['put']>) => cache.put(...args);
    })(),
  );
  const edited = node({ word: 'edited', isCopied: true }, left, node({ word: 'key', isCopied: true }, right, drawn));
  const words = await solve(edited, cache);
  assert.equal(drawnIn(words).size, 1, words.join(' '));
});

test('what is found by content stands on the base of this build, whose blobs may be others', async () => {
  const cache = new MemoryCache<Words>();
  const on = (blob: string) => node({ word: 'two' }, node({ word: 'one' }, node({ word: 'image', blob })));
  assert.deepEqual(await solve(on('gzip'), cache), ['image@gzip', 'one', 'two']);
  assert.deepEqual(await solve(on('zstd'), cache), ['image@zstd', 'one', 'two']);
  assert.deepEqual(await solve(on('gzip'), cache), ['image@gzip', 'one', 'two']);
});
