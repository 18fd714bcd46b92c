import type { Fault } from '../fault.ts';

const tests = ['test/cli/image-mistakes.test.ts'];
const hints = ['test/cli/option-hints.test.ts'];
const real = ['test/e2e/build-image.test.ts'];

/** What `cip build-image` says of mistakes around one Dockerfile. */
export const faults: readonly Fault[] = [
  {
    name: 'what is missing is left to the step that copies it',
    file: 'src/context/dockerfile-context.ts',
    find: 'missing: [...distinct.values()]',
    replace: 'missing: [...distinct.values()].slice(0, 0)',
    tests,
  },
  {
    name: 'what is wrong for two platforms is told twice',
    file: 'src/cli/image-mistakes.ts',
    find: 'return [...distinct.values()].sort(',
    replace: 'return (distinct.size > 0 ? failures : []).sort(',
    tests,
  },
  {
    name: 'what the Dockerfile says wrong is told after what is missing is mended',
    file: 'src/cli/image-mistakes.ts',
    find: '...platforms.flatMap((platform) => certainFailures({ ...input, platform })),',
    replace: '...(missing.length > 0 ? [] : platforms).flatMap((platform) => certainFailures({ ...input, platform })),',
    tests,
  },
  {
    name: 'the ignore file beside the Dockerfile explains nothing',
    file: 'src/cli/image-mistakes.ts',
    find: 'const shown = { ...context, ignore, dockerfile: file };',
    replace: 'const shown = { ...context, ignore };',
    tests,
  },
  {
    name: 'a Dockerfile is not looked for in the directory',
    file: 'src/cli/image-source.ts',
    find: 'options.file !== undefined && isThere ? inDirectory',
    replace: 'options.file === undefined && isThere ? inDirectory',
    tests,
  },
  {
    name: 'a slip in the name of a stage is a matter of the network',
    file: 'src/cli/image-mistakes.ts',
    find: "reason === 'base-not-found' || isEnvironment(failure))",
    replace: "reason === 'base-not-found')",
    tests: real,
    only: 'slip in the name of a stage',
  },
  {
    name: 'every image that is not there is a slip in the name of a stage',
    file: 'src/dockerfile/misspelled-stages.ts',
    find: 'undefined : suggestionFor(text, above);',
    replace: 'undefined : above[0];',
    tests: real,
    only: 'nobody has',
  },
  {
    name: 'a Dockerfile without a context is told to check the spelling',
    file: 'src/cli/image-mistakes.ts',
    find: 'if (!context.isGiven) return',
    replace: 'if (source === undefined) return',
    tests: real,
    only: 'a file from nowhere',
  },
  {
    name: 'build arguments that nothing declares pass without a word',
    file: 'src/cli/image-mistakes.ts',
    find: '...undeclaredArguments(buildArgs, [dockerfile]),',
    replace: '...undeclaredArguments({}, [dockerfile]),',
    tests: real,
    only: 'remarks on',
  },
  {
    name: 'a secret that a variable may mount is not used',
    file: 'src/cli/unused-secrets.ts',
    find: "id === undefined || id.includes('$')",
    replace: 'id === undefined',
    tests: real,
    only: 'remarks on',
  },
  {
    name: 'an output without a place goes somewhere',
    file: 'src/cli/options/image-output.ts',
    find: "if (dest === '') return problem('it has no dest');",
    replace: '',
    tests: hints,
  },
  {
    name: 'the fix for an output names another path',
    file: 'src/cli/options/image-output.ts',
    find: 'dest=${dest || file}',
    replace: 'dest=${file}',
    tests: hints,
  },
  {
    name: 'the last of two targets wins without a word',
    file: 'src/cli/command-line.ts',
    find: 'definition.isGivenOnce && new Set(typed).size > 1',
    replace: 'definition.isGivenOnce && new Set(typed).size > 2',
    tests: hints,
  },
  {
    name: 'the same target twice is a mistake',
    file: 'src/cli/command-line.ts',
    find: 'definition.isGivenOnce && new Set(typed).size > 1',
    replace: 'definition.isGivenOnce && (typed ?? []).length > 1',
    tests: hints,
  },
  {
    name: 'directories are made for outputs',
    file: 'src/cli/commands/build-image.ts',
    find: 'if (!isThere) failures.push',
    replace: 'if (parent === undefined) failures.push',
    tests: real,
    only: 'an output in a directory',
  },
];
