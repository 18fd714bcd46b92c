import type { Fault } from '../fault.ts';

const tests = ['test/e2e/input-context.test.ts'];

/** A tar on standard input as build context, and one on standard output. */
export const faults: readonly Fault[] = [
  {
    name: 'nothing at all on standard input is a Dockerfile',
    file: 'src/cli/input-context.ts',
    find: "if (text === '') throw new FailureError(inputEmpty(address));",
    replace: '',
    tests: ['test/e2e/input-context.test.ts'],
    only: 'says what is wrong',
  },
  {
    name: 'a tar on standard input is a Dockerfile',
    file: 'src/cli/input-context.ts',
    find: 'if (compression === undefined) {',
    replace: "if (compression !== 'gzip') {",
    tests,
    only: 'builds a tar on',
  },
  {
    name: 'an ignore file counts in a tar on standard input',
    file: 'src/cli/commands/build-image.ts',
    find: 'isUnpacked ? [] : ',
    replace: '',
    tests,
    only: 'no ignore file',
  },
  {
    name: 'a Dockerfile of a tar is read where its link leads on this machine',
    file: 'src/cli/packed-dockerfile.ts',
    find: 'const node = await resolveSource(tree, name);',
    replace: "const node = { ...(await tree.lookup(name))!, type: 'file' };",
    tests,
    only: 'nothing of this machine',
  },
  {
    name: 'what was on standard input stays',
    file: 'src/cli/input-context.ts',
    find: 'const file = session.tempPath(',
    replace: "const file = session.path.replace(/[^/]*$/, 'input') + Date.now() + (",
    tests: ['test/e2e/input-context.test.ts'],
    only: 'stopped while it reads',
  },
  {
    name: 'a signal waits for the end of standard input',
    file: 'src/cli/input-context.ts',
    find: 'createWriteStream(file, { mode: 0o600 }), { signal })',
    replace: 'createWriteStream(file, { mode: 0o600 }))',
    tests,
    only: 'stopped while it reads',
  },
  {
    name: 'the digest stands behind the tar on standard output',
    file: 'src/cli/commands/build-image.ts',
    find: 'if (options.output.some(isToStandardOutput)) world.tell(lines);',
    replace: 'if (options.output.some(isToStandardOutput)) world.print(lines);',
    tests,
    only: 'the tar alone',
  },
  {
    name: '-o - is a directory to build',
    file: 'src/cli/command-line.ts',
    find: "word === '-' && name !== undefined",
    replace: 'name === undefined',
    tests: ['test/cli/option-hints.test.ts'],
    only: 'the files to standard output',
  },
];
