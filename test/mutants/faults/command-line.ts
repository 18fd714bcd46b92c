import type { Fault } from '../fault.ts';

const words = ['test/cli/command-line.test.ts'];
const settings = ['test/cli/settings.test.ts'];
const e2e = ['test/e2e/build-image.test.ts'];
const short = 'src/cli/short-options.ts';

/** What is typed as other tools have it: short options in one word, docker's options, a home that is not there. */
export const faults: readonly Fault[] = [
  {
    name: 'letters of a value are options',
    file: short,
    find: "if (option?.takesValue && rest !== '')",
    replace: "if (option?.takesValue && rest === '=')",
    tests: words,
  },
  {
    name: 'an equals sign is part of the value',
    file: short,
    find: "rest.replace(/^=/, '')",
    replace: 'rest',
    tests: words,
  },
  {
    name: 'a value that stands in the word hides what stands before it',
    file: short,
    find: 'return [...found, `--${option.flag}=',
    replace: 'return [`--${option.flag}=',
    tests: words,
  },
  {
    name: 'what follows a letter that is no option are options',
    file: short,
    find: 'if (!flags.has(long)) return [...found, `-${letter}`];',
    replace: 'if (!flags.has(long)) { found.push(`-${letter}`); continue; }',
    tests: words,
  },
  {
    name: 'a flag with one dash is nothing that anybody meant',
    file: short,
    find: 'unknown.push(`-${long}`);',
    replace: 'unknown.push(`-${letter}`);',
    tests: words,
  },
  {
    name: 'a short option cannot be off',
    file: short,
    find: "if (option !== undefined && rest.startsWith('='))",
    replace: "if (option === undefined && rest.startsWith('='))",
    tests: words,
  },
  {
    name: 'what was pushed before a failure is not in the document',
    file: 'src/cli/export-services.ts',
    find: "if (event.type === 'image-pushed') onPushed",
    replace: "if (event.type === 'image-loaded') onPushed",
    tests: e2e,
    only: 'says what was reached',
  },
  {
    name: 'names in the store are told only when everything went well',
    file: 'src/cli/commands/build-image.ts',
    find: "if (to.type === 'store') reached.names =",
    replace: "if (to.type === 'registry') reached.names =",
    tests: e2e,
    only: 'says what was reached',
  },
  {
    name: 'what could not be pushed is told as pushed',
    file: 'src/cli/commands/build-image.ts',
    find: 'documentOf({ ...reached, failures: failuresOf(why)',
    replace: 'documentOf({ ...reached, pushed: [...reached.names], failures: failuresOf(why)',
    tests: e2e,
    only: 'says what was reached',
  },
  {
    name: 'an empty home is the current directory',
    file: 'src/cli/settings.ts',
    find: "return env['HOME'] || ofAccount();",
    replace: "return env['HOME'] ?? ofAccount();",
    tests: settings,
  },
  {
    name: 'without a home the store is in the current directory',
    file: 'src/cli/settings.ts',
    find: 'if (home === undefined) throw new FailureError(noHome());',
    replace: "if (home === undefined) return resolve(cwd, '.cip');",
    tests: settings,
  },
  {
    name: "an option of docker's is a slip of the nearest one",
    file: 'src/cli/command-line.ts',
    find: 'if (instead === undefined) return',
    replace: 'if (instead === undefined || typed) return',
    tests: ['test/cli/option-hints.test.ts'],
  },
  {
    name: 'of two files of one secret the last one wins',
    file: 'src/cli/options/build-options.ts',
    find: 'one.id === id && sourceOf(one) !== last',
    replace: "one.id === id && last === ''",
    tests: ['test/cli/option-hints.test.ts'],
  },
  {
    name: 'a selector that is a path is looked for as it is',
    file: 'src/orchestrator/plan/selection.ts',
    find: 'const typed = imageIn(name);',
    replace: 'const typed = name;',
    tests: ['test/orchestrator/plan/selection.test.ts'],
  },
];
