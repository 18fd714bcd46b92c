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
  {
    name: 'instructions are told of the wrong layers',
    file: 'src/cli/image-content.ts',
    find: 'filter((entry) => entry.empty_layer !== true);',
    replace: 'filter((entry) => entry.empty_layer !== null).slice(-layers);',
    tests,
    only: 'inspect',
  },
  {
    name: 'a registry is asked for a tag where a digest is meant',
    file: 'src/cli/opened-image.ts',
    find: 'source.resolve(digest ?? tag,',
    replace: 'source.resolve(tag,',
    tests,
    only: 'inspect',
  },
  {
    name: 'the size of an image is that of its first layer',
    file: 'src/cli/image-content.ts',
    find: '(sum, { size }) => sum + size, 0)',
    replace: '(sum, { size }) => sum || size * 1e6, 0)',
    tests,
    only: 'inspect',
  },
  {
    name: 'variables of an image are not shown',
    file: 'src/cli/render/image-content.ts',
    find: "      ...(Env ?? []).map((variable) => line('variable', variable)),\n",
    replace: '      ...(Env ? [] : []),\n',
    tests,
    only: 'inspect',
  },
];
