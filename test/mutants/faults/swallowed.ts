import type { Fault } from '../fault.ts';

const file = 'src/dockerfile/read-instructions.ts';
const tests = ['test/dockerfile/parse.test.ts'];
const only = 'an empty line ends nothing';

/** Instructions that a `\\` above an empty line makes part of another. */
export const faults: readonly Fault[] = [
  { name: 'none is remarked on', file, find: 'if (swallowed) warnings', replace: 'if (!read) warnings', tests, only },
  {
    name: 'a word that begins as an instruction is one',
    file,
    find: ".join('|')})[ \\\\t]`",
    replace: ".join('|')})`",
    tests,
    only,
  },
  { name: 'blanks in front do not matter', file, find: '`^(${Object', replace: '`^\\\\s*(${Object', tests, only },
  {
    name: 'words in lower case are instructions',
    file,
    find: '[ \\\\t]`);',
    replace: "[ \\\\t]`, 'i');",
    tests,
    only,
  },
  {
    name: 'the line of the other is that of the empty one',
    file,
    find: 'line.span(0, 1).line',
    replace: '3',
    tests,
    only,
  },
  { name: 'comments are instructions', file, find: '(?:#|$)/', replace: '$/', tests, only },
  { name: 'empty lines are instructions', file, find: '(?:#|$)/', replace: '#/', tests, only },
  {
    name: 'it stands where the empty line is',
    file,
    find: 'source.span(below.start, below.end)',
    replace: 'source.span(emptyLine!.start, below.end)',
    tests,
    only,
  },
  {
    name: 'build-image does not say it',
    file: 'src/cli/commands/build-image.ts',
    find: '...dockerfileNotices(source.dockerfile), ',
    replace: '',
    tests: ['test/e2e/build-image.test.ts'],
    only: 'remarks on',
  },
  {
    name: 'a project does not say it',
    file: 'src/project/context.ts',
    find: ', ...dockerfileNotices(dockerfile.dockerfile)',
    replace: '',
    tests: ['test/project/load.test.ts'],
    only: 'swallows',
  },
  {
    name: 'a full disk is a bug of the worker',
    file: 'src/worker/protocol.ts',
    find: "if (code === 'ENOSPC' || code === 'EDQUOT')",
    replace: "if (code === 'EDQUOT')",
    tests: ['test/worker/protocol.test.ts'],
  },
  {
    name: 'an error of the system comes as a bug from the worker',
    file: 'src/worker/protocol.ts',
    find: '...(syscall !== undefined && { syscall })',
    replace: '',
    tests: ['test/worker/protocol.test.ts'],
  },
];
