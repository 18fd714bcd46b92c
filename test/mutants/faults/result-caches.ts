import type { Fault } from '../fault.ts';

const contract = ['test/engine/cache/result-cache.test.ts'];
const stack = ['test/engine/cache/stack.test.ts'];
const solver = ['test/engine/solver/solver.test.ts'];
const engine = ['test/engine/engine-cache.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'a record whose blobs are gone is a hit',
    file: 'src/engine/cache/records.ts',
    find: 'return present.every(Boolean) ? snapshot : undefined;',
    replace: 'return present.length > 0 ? snapshot : undefined;',
    tests: contract,
  },
  {
    name: 'a record whose blobs could be fetched is a miss',
    file: 'src/engine/cache/records.ts',
    find: 'origin !== undefined || ',
    replace: 'origin === null || ',
    tests: contract,
  },
  {
    name: 'where a layer comes from is not in the record',
    file: 'src/engine/cache/records.ts',
    find: '      origin: z.object({ registry: z.string(), repository: z.string() }).optional(),\n',
    replace: '',
    tests: contract,
  },
  {
    name: 'a record is written though the build has ended',
    file: 'src/engine/cache/records.ts',
    find: '    signal.throwIfAborted();\n    await this.#records.append(key, snapshot);',
    replace: '    await this.#records.append(key, snapshot);\n    signal.throwIfAborted();',
    tests: contract,
  },
  {
    name: 'memory forgets the last results first',
    file: 'src/engine/cache/memory.ts',
    find: 'for (const oldest of this.#results.keys()) {',
    replace: 'for (const oldest of [...this.#results.keys()].reverse()) {',
    tests: contract,
  },
  {
    name: 'memory forgets by when a key first came',
    file: 'src/engine/cache/memory.ts',
    find: '    this.#results.delete(key);\n',
    replace: '',
    tests: contract,
  },
  {
    name: 'what a farther cache had is not put into the nearer',
    file: 'src/engine/cache/stack.ts',
    find: 'await this.#putInto(this.#caches.slice(0, at), { key, result: hit }, signal);',
    replace: '',
    tests: stack,
  },
  {
    name: 'a cache that is only written to is read',
    file: 'src/engine/cache/stack.ts',
    find: 'const hit = isRead ? await',
    replace: 'const hit = isRead !== undefined ? await',
    tests: stack,
  },
  {
    name: 'a cache that failed is asked again',
    file: 'src/engine/cache/stack.ts',
    find: '    if (this.#failed.has(cache)) return undefined;\n',
    replace: '',
    tests: stack,
  },
  {
    name: 'a cache that fails twice at once is told twice',
    file: 'src/engine/cache/stack.ts',
    find: 'if (!this.#failed.has(cache))\n',
    replace: 'if (failures.length > 0)\n',
    tests: stack,
  },
  {
    name: 'a mistake of ours is taken for a failure of the cache',
    file: 'src/engine/cache/stack.ts',
    find: 'if (failures === undefined) throw error;',
    replace: '',
    tests: stack,
  },
  {
    name: 'an abort is taken for a failure of the cache',
    file: 'src/engine/cache/stack.ts',
    find: '      signal.throwIfAborted();\n      const failures',
    replace: '      const failures',
    tests: stack,
  },
  {
    name: 'a step waits until the one before it is in the cache',
    file: 'src/engine/solver/solver.ts',
    find: '      this.#keeping.push(keeping);\n',
    replace: '      this.#keeping.push(keeping);\n      await keeping;\n',
    tests: solver,
    only: 'a step does not wait',
  },
  {
    name: 'a solve ends before all is in the cache',
    file: 'src/engine/solver/solver.ts',
    find: '      await solve.kept();\n',
    replace: '',
    tests: solver,
    only: 'a step does not wait',
  },
  {
    name: 'the failure of a step takes what was made from the cache',
    file: 'src/engine/solver/solver.ts',
    find: 'wholeSignal: signal,',
    replace: 'wholeSignal: both,',
    tests: solver,
    only: 'takes nothing',
  },
  {
    name: 'what is on its way into the cache is not shared',
    file: 'src/engine/solver/solver.ts',
    find: 'const keeping = this.#keep(made, cache).finally(forget);',
    replace: 'forget();\n      const keeping = this.#keep(made, cache);',
    tests: solver,
    only: 'shared by another solve',
  },
  {
    name: '--no-cache uses results of earlier runs',
    file: 'src/engine/engine.ts',
    find: '{ cache: records, isRead: false }',
    replace: '{ cache: records, isRead: true }',
    tests: engine,
  },
  {
    name: '--no-cache keeps nothing for later runs',
    file: 'src/engine/engine.ts',
    find: '[{ cache: new MemoryCache() }, { cache: records, isRead: false }, ',
    replace: '[{ cache: new MemoryCache() }, ',
    tests: engine,
  },
];
