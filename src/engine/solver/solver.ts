/**
 * The solver: a graph of vertices to the result of its target, over a content-addressed cache. It knows no containers;
 * its own tests add numbers.
 *
 * A vertex has two keys. Its *definition key* hashes the operation and the definition keys of its inputs, so it is
 * known before anything ran, and a hit at the target means that nothing below it is even looked at. Its *content key*
 * hashes what the inputs contain and is asked for once they are there: it hits where an input was made differently but
 * came out the same. What ran is recorded under both. A result that holds what it was made on is taken only where this
 * solve has the same of that.
 */

import { setMaxListeners } from 'node:events';
import type { Digest } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Progress, type StepWhy, watched } from '../../progress.ts';
import { Semaphore } from '../../semaphore.ts';
import type { CacheMap, Op } from './op.ts';
import type { ResultCache } from './result-cache.ts';
import type { Definition, Vertex } from './vertex.ts';

/** What all solves share. */
export interface SolverOptions<O, R> {
  /** The operation that a vertex stands for. */
  readonly opOf: (op: O) => Op<R>;
  /** How many operations run at a time, over all solves. */
  readonly concurrency: number;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
}

/** What one solve is told by: where results come from, and who hears of the steps. */
export interface SolveOptions<O, R> {
  readonly progress: Progress;
  readonly cache: ResultCache<R>;
  /** Steps that are to run anew, and where what they give in this run is kept: `cache` is not asked for them. */
  readonly anew?: { readonly is: (op: O) => boolean; readonly cache: ResultCache<R> } | undefined;
  readonly misses?: Misses<O, R> | undefined;
  /** At the end the cache is asked for steps that nobody needed, too: one of its parts may pass them on to who needs them next. */
  readonly asksAll?: boolean | undefined;
}

/** A vertex that no cache has, and what it is about to be run on. */
export interface Miss<O, R> {
  readonly vertex: Vertex<O>;
  readonly map: CacheMap<R>;
  readonly inputs: readonly R[];
  /** Whether it is run because it was asked for. */
  readonly isAnew: boolean;
}

/** Who finds out why steps run. */
export interface Misses<O, R> {
  /** Before it runs. Never rejects. */
  told(miss: Miss<O, R>): Promise<StepWhy | undefined>;
  /** It has run. */
  made(vertex: Vertex<O>): void;
}

/** What a step came to, and the keys it is to be found by. */
interface Made<R> {
  readonly result: R;
  readonly keys: readonly Digest[];
}

/** Cheapest way to the target: cache hits first, each distinct vertex at most once, siblings in parallel. */
export class Solver<O, R> {
  readonly #options: SolverOptions<O, R>;
  readonly #slots: Semaphore;
  /** Work under way, by definition key: two solves that need the same step share it. */
  readonly #running = new Map<Digest, Promise<Made<R>>>();

  constructor(options: SolverOptions<O, R>) {
    this.#options = options;
    this.#slots = new Semaphore(options.concurrency);
  }

  /**
   * Resolves when all that was made is in the cache. Rejects with the first failure; by then no operation of this solve is
   * running any more, and what was made before it is in the cache.
   */
  async solve(definition: Definition<O>, options: SolveOptions<O, R>, signal: AbortSignal): Promise<R> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    setMaxListeners(0, both); // every step of the graph may wait on it
    const solve = new Solve<O, R>(definition.target, {
      ...this.#options,
      ...options,
      slots: this.#slots,
      running: this.#running,
      signal: both,
      wholeSignal: signal,
    });
    try {
      const result = await solve.result(definition.target);
      await solve.kept();
      if (options.asksAll) await solve.askAll();
      return result;
    } catch (error) {
      stop.abort(error);
      await solve.settled();
      throw error;
    }
  }
}

interface SolveContext<O, R> extends SolverOptions<O, R>, SolveOptions<O, R> {
  readonly slots: Semaphore;
  readonly running: Map<Digest, Promise<Made<R>>>;
  /** Aborted when a step fails. */
  readonly signal: AbortSignal;
  /** Only aborted by who asked: the failure of a step takes nothing from the cache. */
  readonly wholeSignal: AbortSignal;
}

/** A vertex whose definition key is known. */
interface Keyed<R> {
  readonly op: Op<R>;
  readonly map: CacheMap<R>;
  readonly key: Digest;
}

/** One graph on its way: every vertex is keyed and solved at most once. */
class Solve<O, R> {
  readonly #context: SolveContext<O, R>;
  readonly #keys = new Map<Digest, Promise<Keyed<R>>>();
  readonly #results = new Map<Digest, Promise<R>>();
  readonly #ops = new Map<Digest, Op<R>>();
  readonly #target: Digest;
  readonly #anew: ReadonlyMap<Digest, Anew>;
  /** Results on their way into the cache. Steps do not wait for that. */
  readonly #keeping: Promise<void>[] = [];

  constructor(target: Vertex<O>, context: SolveContext<O, R>) {
    this.#target = target.digest;
    this.#context = context;
    this.#anew = context.anew === undefined ? new Map() : runAnew(target, context.anew.is);
  }

  result(vertex: Vertex<O>): Promise<R> {
    return remember(this.#results, vertex.digest, () => this.#solve(vertex));
  }

  /** Resolves when nothing of this solve is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#results.values());
    await Promise.allSettled(this.#keeping);
  }

  /** Resolves when all that was made so far is in the cache. */
  async kept(): Promise<void> {
    await Promise.all(this.#keeping);
  }

  /** Asks for each step once more: most were asked for by what is made of them alone. */
  async askAll(): Promise<void> {
    for (const [digest, keyed] of this.#keys)
      await this.#cacheOf({ digest }).get((await keyed).key, this.#context.signal);
  }

  #keyed(vertex: Vertex<O>): Promise<Keyed<R>> {
    return remember(this.#keys, vertex.digest, async () => {
      // Else a chain of thousands of steps would stand on the stack.
      await undefined;
      const op = this.#context.opOf(vertex.op);
      this.#ops.set(vertex.digest, op);
      const [map, ...inputs] = await Promise.all([
        this.#hashing(vertex, () => op.cacheMap(this.#context.signal)),
        ...vertex.inputs.map((input) => this.#keyed(input)),
      ]);
      return {
        op,
        map,
        key: definitionKey(
          map.digest,
          inputs.map((input) => input.key),
        ),
      };
    });
  }

  async #solve(vertex: Vertex<O>): Promise<R> {
    const { key } = await this.#keyed(vertex);
    const cache = this.#cacheOf(vertex);
    const hit = await this.#cached(vertex, { key, cache }, (found) => this.#fits(vertex, found));
    if (hit !== undefined) return hit;
    const inputs = await Promise.all(vertex.inputs.map((input) => this.result(input)));
    const shared = this.#context.running.get(key);
    if (shared) {
      const made = await shared.catch(() => undefined);
      if (made !== undefined && (await this.#fits(vertex, made.result))) return made.result;
      this.#context.signal.throwIfAborted();
    }
    const work = this.#byContentOrRun(vertex, inputs);
    this.#context.running.set(key, work);
    const forget = () => {
      if (this.#context.running.get(key) === work) this.#context.running.delete(key);
    };
    try {
      const made = await work;
      // Until then the cache does not have it, and others are to share it.
      const keeping = this.#keep(made, cache).finally(forget);
      keeping.catch(() => {}); // told by kept()
      this.#keeping.push(keeping);
      return made.result;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #byContentOrRun(vertex: Vertex<O>, inputs: readonly R[]): Promise<Made<R>> {
    const { op, map, key } = await this.#keyed(vertex);
    const byContent = await this.#contentKey(vertex, map, inputs);
    // On what was made anew a step has another input, unless that came out the same.
    const cache = this.#anew.get(vertex.digest) === 'above' ? this.#context.cache : this.#cacheOf(vertex);
    const hit = byContent && (await this.#cached(vertex, { key: byContent, cache }));
    if (hit !== undefined) return { result: op.layering?.onto(hit, inputs[0]!) ?? hit, keys: [key] };
    const result = await this.#context.slots.run(() => this.#run(vertex, { op, map }, inputs));
    return { result, keys: byContent ? [key, byContent] : [key] };
  }

  /** Where the vertex is found by how it was made, and kept. */
  #cacheOf(vertex: Pick<Vertex<O>, 'digest'>): ResultCache<R> {
    const { anew, cache } = this.#context;
    return anew !== undefined && this.#anew.has(vertex.digest) ? anew.cache : cache;
  }

  async #keep({ result, keys }: Made<R>, cache: ResultCache<R>): Promise<void> {
    const { wholeSignal } = this.#context;
    for (const key of keys) await cache.put(key, result, wholeSignal);
  }

  async #contentKey(vertex: Vertex<O>, map: CacheMap<R>, inputs: readonly R[]): Promise<Digest | undefined> {
    if (!map.contentDigests.some((digest) => digest !== undefined)) return undefined;
    const parts = await this.#hashing(vertex, () =>
      Promise.all(
        vertex.inputs.map(async (input, i) => {
          const content = await map.contentDigests[i]?.(inputs[i]!);
          return content
            ? { content: true, digest: content }
            : { content: false, digest: (await this.#keyed(input)).key };
        }),
      ),
    );
    return contentKey(map.digest, parts);
  }

  #hashing<T>({ name, digest: step }: Vertex<O>, work: () => Promise<T>): Promise<T> {
    return watched({ progress: this.#context.progress, kind: 'hash', name, step }, work);
  }

  /**
   * Whether `result`, which was found by how it was made, holds the very results that this solve has of the steps below it:
   * of a step that gives something else each time, another process may have found another one. What this solve does not
   * have yet is from then on what `result` holds.
   */
  async #fits(vertex: Vertex<O>, result: R): Promise<boolean> {
    // Nothing else of this solve is used with it.
    if (vertex.digest === this.#target) return true;
    for (let checked: Promise<R> | undefined; ; ) {
      const held = new Map<Digest, R>();
      const { known, isSame } = this.#firstKnown(vertex, result, held);
      if (known === checked) {
        for (const [digest, value] of held) this.#results.set(digest, Promise.resolve(value));
        return true;
      }
      // Meanwhile more may be known.
      if (!(await known!.then(isSame, () => false))) return false;
      checked = known;
    }
  }

  /** Goes down from `vertex` to the first step that this solve has a result of; `held` takes the others on the way. */
  #firstKnown(vertex: Vertex<O>, result: R, held: Map<Digest, R>) {
    let value = result;
    for (let at = vertex; ; at = at.inputs[0]!) {
      const layering = this.#ops.get(at.digest)?.layering;
      const base = at.inputs[0];
      if (layering === undefined || base === undefined) return { known: undefined, isSame: () => true };
      const below = layering.baseOf(value);
      const known = this.#results.get(base.digest);
      if (known !== undefined) return { known, isSame: (other: R) => layering.isSame(below, other) };
      held.set(base.digest, below);
      value = below;
    }
  }

  async #cached(
    vertex: Vertex<O>,
    { key, cache }: { readonly key: Digest; readonly cache: ResultCache<R> },
    fits: (found: R) => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<R | undefined> {
    const found = await cache.get(key, this.#context.signal);
    const hit = found !== undefined && (await fits(found)) ? found : undefined;
    if (hit !== undefined) this.#context.progress.emit({ type: 'step-cached', step: vertex.digest, name: vertex.name });
    return hit;
  }

  async #run(vertex: Vertex<O>, { op, map }: Pick<Keyed<R>, 'op' | 'map'>, inputs: readonly R[]): Promise<R> {
    const { progress, signal, misses } = this.#context;
    const isAnew = this.#anew.get(vertex.digest) === 'itself';
    const why = await misses?.told({ vertex, map, inputs, isAnew });
    signal.throwIfAborted();
    const started = this.#context.now();
    progress.emit({ type: 'step-started', step: vertex.digest, name: vertex.name, ...(why && { why }) });
    const result = await op.exec(inputs, { progress, step: vertex.digest, signal });
    progress.emit({ type: 'step-finished', step: vertex.digest, duration: this.#context.now() - started });
    misses?.made(vertex);
    return result;
  }
}

/** A step that is to run anew, or that is made of one. */
type Anew = 'itself' | 'above';

/** Of equal steps all are run anew where one is to be. Without recursion: chains of steps are long. */
function runAnew<O>(target: Vertex<O>, is: (op: O) => boolean): ReadonlyMap<Digest, Anew> {
  const users = new Map<Digest, Vertex<O>[]>();
  const found = new Map<Digest, Anew>();
  const seen = new Set([target]);
  // A set is walked to what is added on the way.
  for (const vertex of seen) {
    if (is(vertex.op)) found.set(vertex.digest, 'itself');
    for (const input of vertex.inputs) {
      users.set(input.digest, [...(users.get(input.digest) ?? []), vertex]);
      seen.add(input);
    }
  }
  const todo = [...found.keys()];
  for (let next = todo.pop(); next !== undefined; next = todo.pop())
    for (const { digest } of users.get(next) ?? []) {
      if (found.has(digest)) continue;
      found.set(digest, 'above');
      todo.push(digest);
    }
  return found;
}

/** The value under `key`, made on first use. */
function remember<V>(map: Map<Digest, Promise<V>>, key: Digest, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * Bumped whenever the same operation on the same inputs would give other bytes than the last version of cip gave, so
 * that old records are not found any more.
 */
const CACHE_SCHEMA = '3';

/** Key of a vertex by how its inputs were made: known before anything has run. */
function definitionKey(op: Digest, inputKeys: readonly Digest[]): Digest {
  return digestOfFields([CACHE_SCHEMA, 'definition', op, ...inputKeys]);
}

/** Key of a vertex by what its inputs contain, for those that can be keyed so: known when the inputs are. */
function contentKey(op: Digest, inputs: readonly { readonly content: boolean; readonly digest: Digest }[]): Digest {
  const fields = inputs.flatMap((input) => [input.content ? 'content' : 'definition', input.digest]);
  return digestOfFields([CACHE_SCHEMA, 'content', op, ...fields]);
}
