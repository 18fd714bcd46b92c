import type { Fault } from '../fault.ts';

const solver = 'src/engine/solver/solver.ts';
const tests = ['test/engine/solver/layering.test.ts'];

/** Results that hold what they were made on. */
export const faults: readonly Fault[] = [
  {
    name: 'a result is taken whatever it stands on',
    file: solver,
    find: '(found) => this.#fits(vertex, found)',
    replace: 'undefined',
    tests,
  },
  {
    name: 'what a result stands on is not what the others get',
    file: solver,
    find: 'for (const [digest, value] of held) this.#results.set(digest, Promise.resolve(value));',
    replace: '',
    tests,
  },
  {
    name: 'a result found by content keeps the base that it was made on',
    file: solver,
    find: 'op.layering?.onto(hit, inputs[0]!) ?? hit',
    replace: 'hit',
    tests,
  },
  {
    name: 'the first that has a base decides where all get its blobs',
    file: 'src/engine/op/image.ts',
    find: 'canonicalText({ layers: op.layers, origin: op.origin ?? null })',
    replace: 'canonicalText({ layers: op.layers })',
    tests: ['test/engine/op/image.test.ts'],
  },
  {
    name: 'a copy onto another run of the base is the same copy',
    file: 'src/engine/op/copy.ts',
    find: '[digestOfChain, ofSource] : [digestOfChain]',
    replace: '[undefined, ofSource] : [undefined]',
    tests: ['test/engine/op/layered.test.ts'],
  },
  {
    name: 'a directory on another run of the base is the same directory',
    file: 'src/engine/op/make-directory.ts',
    find: 'contentDigests: [digestOfChain]',
    replace: 'contentDigests: [undefined]',
    tests: ['test/engine/op/layered.test.ts'],
  },
  {
    name: 'layers are the same where there are as many',
    file: 'src/engine/op/layered.ts',
    find: 'diffID === other.layers[at]!.diffID',
    replace: 'diffID !== other.layers[at]!.blob.mediaType',
    tests: ['test/engine/op/layered.test.ts'],
  },
];
