import type { Fault } from '../fault.ts';

const find = 'src/cli/find-dockerfile.ts';
const decode = 'src/dockerfile/decode.ts';
const tests = ['test/cli/image-mistakes.test.ts'];
const texts = ['test/dockerfile/decode.test.ts'];

/** Which Dockerfile `cip build-image` takes, and what it says where there is none that can be read. */
export const faults: readonly Fault[] = [
  {
    name: 'a name in lower case is no Dockerfile',
    file: find,
    find: "join(dirname(file), 'dockerfile')]",
    replace: "join(dirname(file), 'Dockerfile')]",
    tests,
    only: 'a dockerfile',
  },
  {
    name: 'the name in lower case comes first',
    file: find,
    find: "[file, join(dirname(file), 'dockerfile')]",
    replace: "[join(dirname(file), 'dockerfile'), file]",
    tests,
    only: 'beside a dockerfile',
  },
  {
    name: 'mistakes have the name that was asked for',
    file: find,
    find: 'return { file: name, text }',
    replace: 'return { file, text }',
    tests,
    only: 'in a dockerfile',
  },
  {
    name: 'the ignore file goes by the name that was found',
    file: 'src/cli/image-source.ts',
    find: 'world.resolve(asked.file),',
    replace: 'world.resolve(shown),',
    tests,
    only: 'the ignore file of a dockerfile',
  },
  {
    name: 'where a link leads is not said',
    file: find,
    find: 'await readlink(resolve(file)).catch(() => undefined)',
    replace: 'undefined',
    tests,
    only: 'a link to nothing',
  },
  {
    name: 'ignore files are Dockerfiles',
    file: find,
    find: " && !name.endsWith('ignore')",
    replace: '',
    tests,
    only: 'a Containerfile',
  },
  {
    name: 'a Containerfile is not known',
    file: find,
    find: '/^(?:(?:docker|container)file',
    replace: '/^(?:(?:docker)file',
    tests,
    only: 'a Containerfile',
  },
  {
    name: 'names that end in Dockerfile are not known',
    file: find,
    find: '|.+\\.(?:docker|container)file)$/i',
    replace: ')$/i',
    tests,
    only: 'longer names',
  },
  {
    name: 'directories are named as Dockerfiles',
    file: find,
    find: 'if (found?.isFile())',
    replace: 'if (found)',
    tests,
    only: 'in docker/',
  },
  {
    name: 'a slip in a name is not seen',
    file: find,
    find: 'nearest === undefined ? []',
    replace: 'nearest !== undefined ? []',
    tests,
    only: 'a slip in the name of a Dockerfile',
  },
  {
    name: 'what may not be read is to be named with --file',
    file: find,
    find: "failure.code === 'EACCES' || ",
    replace: '',
    tests: ['test/e2e/unreadable.test.ts'],
    only: 'Dockerfile$',
  },
  {
    name: 'an ignore file that may not be read is to be listed in itself',
    file: 'src/context/failure.ts',
    find: "'make it readable for the user that runs cip, or remove it:",
    replace: "'make it readable, or list it in .dockerignore:",
    tests: ['test/e2e/unreadable.test.ts'],
    only: 'ignore$',
  },
  { name: 'UTF-16 is parsed', file: decode, find: 'if (utf16.test(text))', replace: 'if (false)', tests: texts },
  { name: 'an archive is parsed', file: decode, find: 'return isBinary ?', replace: 'return false ?', tests: texts },
  {
    name: 'a NUL character makes a text binary',
    file: decode,
    find: "(text.includes('\\0') && text.includes('\\ufffd'))",
    replace: "text.includes('\\0')",
    tests: texts,
    only: 'NUL',
  },
];
