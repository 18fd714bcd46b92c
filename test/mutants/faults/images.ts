import type { Fault } from '../fault.ts';

const tests = ['test/e2e/image.test.ts'];

/** The names of the store, listed and removed. */
export const faults: readonly Fault[] = [
  {
    name: 'a dot of a pattern is any character',
    file: 'src/cli/stored-images.ts',
    find: String.raw`part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')`,
    replace: String.raw`part.replace(/[\\^$|?+()[\]{}]/g, '\\$&')`,
    tests,
  },
  {
    name: 'one broken image hides the others',
    file: 'src/cli/commands/image-ls.ts',
    find: 'if (!(error instanceof FailureError)) throw error;',
    replace: 'throw error;',
    tests,
  },
  {
    name: 'rm wants names in full',
    file: 'src/cli/commands/image-rm.ts',
    find: 'const name = fullName(typed);',
    replace: 'const name = fullName(typed) && typed;',
    tests,
  },
];
