import type { Fault } from '../fault.ts';

const file = 'src/context/ignored-store.ts';
const tests = ['test/context/ignored-store.test.ts'];

/** The store below the context of `cip build-image`. */
export const faults: readonly Fault[] = [
  {
    name: 'the store is part of the context',
    file: 'src/cli/commands/build-image.ts',
    find: 'await ignoringStore(written, { context: directory, store: world.storeDirectory })',
    replace: 'await ignoringStore(written, { context: directory, store: directory })',
    tests: ['test/e2e/store-in-context.test.ts'],
    only: 'cip-store',
  },
  {
    name: 'the context is left out where it is the store',
    file,
    find: "below === '' || ",
    replace: '',
    tests,
    only: 'the context itself',
  },
  {
    name: 'a store above is left out',
    file,
    find: " || below === '..'",
    replace: '',
    tests,
    only: 'above the context',
  },
  {
    name: 'a store beside the context is left out',
    file,
    find: ' || below.startsWith(`..${sep}`)',
    replace: '',
    tests,
    only: 'beside the context',
  },
  {
    name: 'a name that begins with dots is one outside',
    file,
    find: 'below.startsWith(`..${sep}`)',
    replace: "below.startsWith('..')",
    tests,
    only: 'dots in front',
  },
  { name: 'stars are wildcards', file, find: '[*?[', replace: '[?[', tests, only: 'a star in' },
  { name: 'question marks are wildcards', file, find: '[*?[', replace: '[*[', tests, only: 'a question mark' },
  { name: 'brackets are wildcards', file, find: '[*?[', replace: '[*?', tests, only: 'brackets' },
  { name: 'backslashes escape', file, find: '\\]\\\\]', replace: '\\]]', tests, only: 'a backslash' },
  {
    name: 'a mark in front takes the store in again',
    file,
    find: ".replace(/^!/, '\\\\!')",
    replace: '',
    tests,
    only: 'a mark of exceptions',
  },
  {
    name: 'what exceptions take in again of a directory that is left out stays in',
    file,
    find: '[...ignore, `!${pattern}`, excluding]',
    replace: '[...ignore, excluding]',
    tests,
    only: 'an exception for files',
  },
  {
    name: 'where a link leads is not asked',
    file,
    find: 'realpath(path).catch(() => path)',
    replace: 'realpath(path).then(() => path, () => path)',
    tests,
    only: 'where links lead',
  },
];
