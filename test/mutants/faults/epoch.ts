import type { Fault } from '../fault.ts';

const tests = ['test/engine/frontend/source-date-epoch.test.ts'];
const stage = { file: 'src/context/epoch-stage.ts', tests: ['test/context/epoch-source.test.ts'] };
const source = { file: 'src/context/epoch-source.ts', tests: ['test/context/epoch-source.test.ts'] };
const whole = { tests: ['test/e2e/source-date-epoch.test.ts'] };

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
    find: '|| (name === sourceDateEpoch && !isSeconds(buildArgs[name]!))',
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
    find: 'return stage.ok ? [] : stage.failure;',
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
  {
    name: 'the time of a stage with a base of its own is that of what it fetches',
    ...stage,
    find: "base.value.value !== 'scratch'",
    replace: 'false',
  },
  {
    name: 'a stage that does more than fetch has a time',
    ...stage,
    find: "keyword !== 'ARG' && keyword !== 'ADD'",
    replace: 'false',
  },
  {
    name: 'a stage that fetches two things has the time of the first',
    ...stage,
    find: 'adds.length !== 1 || sources.length !== 1',
    replace: 'adds.length < 1 || sources.length < 1',
  },
  {
    name: 'the case of a stage counts',
    ...stage,
    find: 'name.toLowerCase()',
    replace: 'name',
  },
  {
    name: 'a Dockerfile is to blame for an argument that names no stage',
    ...stage,
    find: 'stage === undefined && scope.isGiven',
    replace: 'false',
  },
  {
    name: 'a stage comes before a named context',
    ...source,
    find: "if (named?.type === 'remote')",
    replace: "if (named?.type === 'remote' && dockerfile.stages.every(({ name }) => name !== text))",
  },
  {
    name: 'all platforms have the time of the first',
    ...source,
    find: 'others.find(({ found }) => JSON.stringify(found) !== JSON.stringify(first!.found))',
    replace: 'others.find(() => false)',
  },
  {
    name: 'a time that a stage says is in no key',
    file: 'src/orchestrator/key/build-keys.ts',
    find: 'buildArgs: contextArguments(context, buildArgs)',
    replace: 'buildArgs',
    ...whole,
    only: 'a stage says the time',
  },
  {
    name: 'an image is built without the time that a stage says',
    file: 'src/orchestrator/run/build-image.ts',
    find: 'const buildArgs = contextArguments(context, given);',
    replace: 'const buildArgs = contextArguments({}, given);',
    ...whole,
    only: 'a stage says the time',
  },
  {
    name: 'an argument that is missing in one image is told as if it were in all',
    file: 'src/orchestrator/state/settled-epochs.ts',
    find: 'isTheSame && wrong.size === images.length',
    replace: 'isTheSame',
    ...whole,
    only: 'where one has none is said',
  },
  {
    name: 'a time before 1970 is a time',
    file: 'src/orchestrator/state/settled-epochs.ts',
    find: 'seconds === undefined || seconds < 0',
    replace: 'seconds === undefined',
    ...whole,
    only: 'the context that was fetched',
  },
  {
    name: 'a tar says the time of its oldest file',
    file: 'src/cli/settled-epoch.ts',
    find: 'Math.max(newest ?? Number.NEGATIVE_INFINITY,',
    replace: 'Math.min(newest ?? Number.POSITIVE_INFINITY,',
    ...whole,
    only: 'the context that was fetched',
  },
  {
    name: 'the time of an archive is not looked for',
    file: 'src/remote/remote-times.ts',
    find: 'if (header.type ===',
    replace: 'if (false && header.type ===',
    tests: ['test/remote/remote-times.test.ts'],
  },
  {
    name: 'the time of a commit is asked for each time',
    file: 'src/remote/remote-times.ts',
    find: 'if (known !== undefined) return known;',
    replace: '',
    tests: ['test/remote/remote-times.test.ts'],
  },
];
