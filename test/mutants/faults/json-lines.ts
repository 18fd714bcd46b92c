import type { Fault } from '../fault.ts';

const tests = ['test/e2e/json-lines.test.ts'];

/** stderr of `--progress=json`. */
export const faults: readonly Fault[] = [
  {
    name: 'warnings are text among the lines of JSON',
    file: 'src/cli/world.ts',
    find: "options.progress === 'json'",
    replace: "options.progress === 'tty'",
    tests,
  },
  {
    name: 'failures at the end are text behind the lines of JSON',
    file: 'src/cli/main.ts',
    find: "isJson = invocation.options.progress === 'json';",
    replace: 'isJson = false;',
    tests,
  },
  {
    name: 'what is wrong with the command line is text, whatever it says of progress',
    file: 'src/cli/main.ts',
    find: 'let isJson = asksForJsonLines(here.argv, here.env);',
    replace: 'let isJson = false;',
    tests,
  },
  {
    name: 'what stands behind the dashes decides the form of failures',
    file: 'src/cli/json-lines.ts',
    find: 'const words = argv.slice(0, end);',
    replace: 'const words = argv.slice(0, Math.max(end, argv.length));',
    tests,
    only: 'a last --progress',
  },
];
