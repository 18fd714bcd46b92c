import type { Fault } from '../fault.ts';

const few = ['test/e2e/few-files.test.ts'];

/** Where a process may have few files open. */
export const faults: readonly Fault[] = [
  {
    name: 'the engine is loaded all at once',
    file: 'src/worker/main.ts',
    find: 'await loadEngineInParts();',
    replace: 'void loadEngineInParts;',
    tests: few,
    only: 'build-image . with 100',
  },
  {
    name: 'the limit of open files is a bug of the worker',
    file: 'src/worker/protocol.ts',
    find: "code === 'EMFILE' || ",
    replace: '',
    tests: ['test/worker/protocol.test.ts'],
  },
  {
    name: 'the limit of open files is an error like others',
    file: 'src/cli/failure.ts',
    find: "code === 'EMFILE' || ",
    replace: '',
    tests: ['test/cli/exit-codes.test.ts'],
  },
];
