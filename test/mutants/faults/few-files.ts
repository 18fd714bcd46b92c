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
    only: 'build-image . with 128',
  },
  {
    name: 'help waits for a package that it does not need',
    file: 'src/oci/platform.ts',
    find: "import { failed, ok, type Result } from '../result.ts';",
    replace: "import 'zod';\nimport { failed, ok, type Result } from '../result.ts';",
    tests: ['test/cli/start-up.test.ts'],
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
