import type { Fault } from '../fault.ts';

const mounts = ['test/dockerfile/run-mount.test.ts'];
const sources = ['test/cli/missing-sources.test.ts'];
const steps = ['test/engine/op/exec.test.ts'];
const inMount = 'src/dockerfile/instructions/run-mount.ts';

/** What to do about slips that are made every day: blanks in a mount, other dashes, paths from above, modes. */
export const faults: readonly Fault[] = [
  {
    name: 'nothing behind a comma is a key without a name',
    file: inMount,
    find: "if (part.text === '')",
    replace: "if (part.text === ' ')",
    tests: mounts,
    only: 'cache, target',
  },
  {
    name: 'every empty field is the last',
    file: inMount,
    find: 'if (!isLast)',
    replace: 'if (count === 0)',
    tests: mounts,
    only: 'what to do',
  },
  {
    name: 'an empty mount ends with a comma',
    file: inMount,
    find: 'if (count === 1)',
    replace: 'if (count === 0)',
    tests: mounts,
    only: 'what to do',
  },
  {
    name: 'a key without a value is to be changed or removed',
    file: inMount,
    find: '`write ${name}=…, without blanks`',
    replace: 'undefined',
    tests: mounts,
    only: 'what to do',
  },
  {
    name: 'what is left of a path from above is named',
    file: 'src/orchestrator/key/missing-sources.ts',
    find: 'written ?? absent',
    replace: 'absent',
    tests: sources,
    only: 'a mount from above the context',
  },
  {
    name: 'a build names what is left of a path from above',
    file: 'src/context/missing-source.ts',
    find: 'source: written ?? source',
    replace: 'source',
    tests: sources,
    only: 'a mount from above the context',
  },
  {
    name: 'paths that come back lead out',
    file: 'src/context/selector.ts',
    find: "posix.normalize(source.replace(/^\\/+/, ''))",
    replace: "source.replace(/^[^.]*/, '')",
    tests: sources,
    only: 'comes back',
  },
  {
    name: 'absolute paths lead nowhere',
    file: 'src/context/selector.ts',
    find: "posix.normalize(source.replace(/^\\/+/, ''))",
    replace: 'posix.normalize(source)',
    tests: sources,
    only: 'a mount from above the context',
  },
  {
    name: 'an en dash is a name',
    file: 'src/context/missing-source.ts',
    find: 'dashes.test(source) ?',
    replace: 'source === dashes.source ?',
    tests: sources,
    only: 'an en dash',
  },
  {
    name: 'each name with a dash is an option',
    file: 'src/context/missing-source.ts',
    find: '(?=[a-z]+(?:=|$))',
    replace: '',
    tests: sources,
    only: 'names with a dash',
  },
  {
    name: 'of a program that may not be run nothing is said',
    file: 'src/engine/op/failure.ts',
    find: 'code === 126',
    replace: 'code === 125',
    tests: steps,
    only: 'may not be run',
  },
];
