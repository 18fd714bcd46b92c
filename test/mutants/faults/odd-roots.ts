import type { Fault } from '../fault.ts';

const files = 'src/engine/executor/temporary-files.ts';
const contract = { tests: ['test/engine/executor/executor.test.ts'], only: 'a root that has' };
const chroot = ['test/engine/executor/chroot-executor.test.ts'];

/**
 * What an image has where a step needs something else. None of these follows a link of a root to where the machine has
 * something: what they remove would be the machine's.
 */
export const faults: readonly Fault[] = [
  {
    name: 'what an image has in /dev is in the way',
    file: files,
    find: 'for (const name of await readdir(directory)) {',
    replace: 'for (const name of (await readdir(directory)).slice(0, 0)) {',
    ...contract,
  },
  {
    name: 'what a step puts into /dev is in the layer',
    file: files,
    find: 'if (isEmpty) await emptyDirectory(directory);',
    replace: "if (isEmpty && !directory.endsWith('/dev')) await emptyDirectory(directory);",
    ...contract,
  },
  {
    name: 'what was hidden is gone',
    file: files,
    find: '      for (const file of taken) await this.#away.giveBack(file);\n',
    replace: '',
    ...contract,
  },
  {
    name: 'the mode of /dev is not given back',
    file: files,
    find: '      await chmod(directory, Number(before.mode & 0o7777n));\n',
    replace: '',
    ...contract,
  },
  {
    name: 'the time of /dev is not given back',
    file: files,
    find: '      await restoreTimes(directory, before);\n',
    replace: '',
    ...contract,
  },
  {
    name: 'who may use /dev is who may in the image',
    file: files,
    find: '      await chmod(directory, modes[target]);\n',
    replace: '',
    ...contract,
  },
  {
    name: 'what a step puts in the place of /dev stays there',
    file: files,
    find: '    await removeTree(directory);\n    await mkdir(directory);\n',
    replace: '    return;\n',
    tests: chroot,
    only: 'removes or replaces',
  },
  {
    name: 'what lies beside a root after a step stays',
    file: files,
    find: '    await this.#away[Symbol.asyncDispose]();\n',
    replace: '',
    ...contract,
  },
  {
    name: 'what is in an overlay has to be movable',
    file: 'src/engine/executor/moved-file.ts',
    find: "if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;",
    replace: 'if (to !== from) throw error;',
    tests: chroot,
    only: 'in an overlay',
  },
  {
    name: 'what a step makes of a file of the network is in the layer',
    file: 'src/engine/executor/stubs.ts',
    find: '        await away.giveBack(path);\n',
    replace: '',
    ...contract,
  },
  {
    name: 'a file at /proc is found out by those who mount there',
    file: 'src/engine/executor/mount-points.ts',
    find: 'if (at.stats !== undefined && !at.stats.isDirectory()) throw unusable',
    replace: 'if (at.stats?.isBlockDevice()) throw unusable',
    ...contract,
  },
  {
    name: 'who has a directory at /etc/hosts is to choose another target',
    file: 'src/engine/executor/mount-points.ts',
    find: 'isOwn ? rootUnusable',
    replace: "isOwn && why === '' ? rootUnusable",
    ...contract,
  },
  {
    name: 'a command that is too long is a fault of the machine',
    file: 'src/engine/executor/launch.ts',
    find: 'if (isTooLong || ',
    replace: 'if (',
    tests: contract.tests,
    only: 'too long',
  },
];
