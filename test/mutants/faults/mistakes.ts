import type { Fault } from '../fault.ts';

const args = ['test/cli/unused-arguments.test.ts'];
const many = ['test/cli/many-failures.test.ts'];
const words = ['test/cli/command-line.test.ts'];

/** Mistakes on the command line and in many lines: what a person is told of them. */
export const faults: readonly Fault[] = [
  {
    name: 'a build argument that nobody declares is passed over',
    file: 'src/cli/unused-arguments.ts',
    find: 'if (unused.length === 0) return [];',
    replace: 'if (unused.length >= 0) return [];',
    tests: args,
  },
  {
    name: 'arguments above the first FROM are not declared',
    file: 'src/cli/unused-arguments.ts',
    find: '[...globalArgs, ...stages.flatMap(({ instructions }) => instructions)]',
    replace: '[...globalArgs.slice(0, 0), ...stages.flatMap(({ instructions }) => instructions)]',
    tests: args,
  },
  {
    name: 'arguments of triggers are not declared',
    file: 'src/cli/unused-arguments.ts',
    find: "instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction",
    replace: 'instruction',
    tests: args,
  },
  {
    name: 'proxies have to be declared',
    file: 'src/cli/unused-arguments.ts',
    find: '(?:https?|ftp|no|all)_proxy|',
    replace: '',
    tests: args,
  },
  {
    name: 'what begins like a predefined argument is one',
    file: 'src/cli/unused-arguments.ts',
    find: '|BUILDKIT_\\w+)$/i',
    replace: '|BUILDKIT_\\w+)/i',
    tests: args,
  },
  {
    name: 'an argument that is given is what another one was meant to be',
    file: 'src/cli/unused-arguments.ts',
    find: 'filter((name) => !given.includes(name))',
    replace: 'filter((name) => name)',
    tests: args,
  },
  {
    name: 'images that are not asked for declare arguments',
    file: 'src/cli/unused-arguments.ts',
    find: '[...images].map((name)',
    replace: '[...images, ...project.contexts.keys()].map((name)',
    tests: args,
  },
  {
    name: 'plan does not look for arguments that nobody declares',
    file: 'src/cli/prepare.ts',
    find: 'for (const notice of unused) world.notify(',
    replace: 'for (const notice of unused.slice(0, 0)) world.notify(',
    tests: ['test/cli/mistakes.test.ts'],
  },
  {
    name: 'every one of very many errors is printed',
    file: 'src/cli/report-failure.ts',
    find: 'const mostLetters = 100;',
    replace: 'const mostLetters = 1e9;',
    tests: many,
  },
  {
    name: 'the number of errors is that of the printed ones',
    file: 'src/cli/report-failure.ts',
    find: 'letters.push(`${options.colors.bold.red(`${failures.length} errors`)}\\n`)',
    replace: 'letters.push(`${options.colors.bold.red(`${letters.length} errors`)}\\n`)',
    tests: many,
  },
  {
    name: 'a line is shown whole, however long it is',
    file: 'src/cli/report-failure.ts',
    find: 'if (line.length <= widest) return { source: line, start };',
    replace: 'if (line.length >= 0) return { source: line, start };',
    tests: [...many, 'test/cli/report-failure.test.ts'],
  },
  {
    name: 'cip -v is a mistake',
    file: 'src/cli/command-line.ts',
    find: "given.get('verbose')?.at(-1) === 1",
    replace: "given.get('verbose')?.at(-1) === 0",
    tests: words,
  },
  {
    name: 'cip version is a mistake',
    file: 'src/cli/command-line.ts',
    find: 'return isWord || (',
    replace: 'return (',
    tests: words,
  },
  {
    name: 'a slip in an option is told together with the lack of a command',
    file: 'src/cli/command-line.ts',
    find: 'return failed(isSlip ? unknown : [',
    replace: 'return failed(isSlip && false ? unknown : [',
    tests: words,
  },
  {
    name: 'names in one line have no end',
    file: 'src/project/name-list.ts',
    find: 'const most = 8;',
    replace: 'const most = 1e9;',
    tests: ['test/project/name-list.test.ts'],
  },
  {
    name: 'a stage that no image has is looked for where it is built',
    file: 'src/cli/prepare.ts',
    find: 'if (noStage.length > 0) throw',
    replace: 'if (noStage.length < 0) throw',
    tests: ['test/cli/targets.test.ts'],
  },
  {
    name: 'check does not look for the stage',
    file: 'src/cli/commands/check.ts',
    find: 'if (noStage.length > 0) throw',
    replace: 'if (noStage.length < 0) throw',
    tests: ['test/cli/targets.test.ts'],
  },
  {
    name: 'each spelling of a stage is a target of its own',
    file: 'src/orchestrator/key/build-targets.ts',
    find: 'if (!found.ok) return target;',
    replace: 'if (!found.ok || found.ok) return target;',
    tests: ['test/orchestrator/key/build-targets.test.ts'],
  },
  {
    name: 'a slip in a key of info.edn is nothing to speak of',
    file: 'src/project/info-edn.ts',
    find: '      ...slipsIn(form, source),\n',
    replace: '',
    tests: ['test/project/info-edn.test.ts'],
  },
];
