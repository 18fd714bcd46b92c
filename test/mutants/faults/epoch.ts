import type { Fault } from '../fault.ts';

const tests = ['test/engine/frontend/source-date-epoch.test.ts'];

/** Where the time of an image is from. */
export const faults: readonly Fault[] = [
  {
    name: 'a default of SOURCE_DATE_EPOCH is a variable and no time',
    file: 'src/engine/frontend/lower.ts',
    find: 'input.epoch ?? epochOf(Object.fromEntries(this.globals))',
    replace: 'input.epoch',
    tests,
  },
  {
    name: 'an empty SOURCE_DATE_EPOCH is the value of an ARG',
    file: 'src/context/global-values.ts',
    find: "|| (name === sourceDateEpoch && buildArgs[name] === '')",
    replace: '',
    tests,
    only: 'a default in a stage',
  },
  {
    name: 'the word context reaches RUN',
    file: 'src/context/global-values.ts',
    find: '  values.delete(sourceDateEpoch);',
    replace: '',
    tests,
    only: 'none of a directory',
  },
  {
    name: 'a default that is no time means none',
    file: 'src/context/global-values.ts',
    find: 'if (isNone) return [];',
    replace: 'return [];',
    tests,
    only: 'is refused where it stands',
  },
  {
    name: 'an empty argument gives way to a default',
    file: 'src/cli/build-arguments.ts',
    find: 'if (text === undefined) return [];',
    replace: "delete buildArgs[sourceDateEpoch];\n  if (text === undefined || text === '') return [];",
    tests: ['test/cli/build-arguments.test.ts'],
  },
  {
    name: 'an index says nothing of the time that a Dockerfile says',
    file: 'src/orchestrator/run/build-image.ts',
    find: 'epoch === undefined ? created : timeText(epoch)',
    replace: 'created',
    tests: ['test/e2e/source-date-epoch.test.ts'],
    only: 'the default of an ARG',
  },
];
