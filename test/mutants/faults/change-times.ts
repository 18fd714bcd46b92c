import type { Fault } from '../fault.ts';

const times = 'src/context/change-times.ts';
const table = ['test/context/change-times.test.ts'];

/** Files that look the same and are others. */
export const faults: readonly Fault[] = [
  {
    name: 'a file that looks the same is the same on every file system',
    file: 'src/context/file-digests.ts',
    find: 'const tells = await changeTimes.tell(file.fileSystem, place);',
    replace: 'const tells = (await changeTimes.tell(file.fileSystem, place)) || place !== undefined;',
    tests: ['test/e2e/mounted-contexts.test.ts'],
    only: 'ext4, read-only',
  },
  {
    name: 'the digest of a file whose times tell nothing is remembered',
    file: 'src/context/file-digests.ts',
    find: 'if (!tells || now()',
    replace: 'if (now()',
    tests: ['test/context/decide-context.test.ts'],
    only: 'times tell nothing',
  },
  {
    name: 'a mount to read is a file system to read',
    file: times,
    find: "const isWhole = options.split(',')",
    replace: "const isWhole = `${fields[5]},${options}`.split(',')",
    tests: table,
  },
  {
    name: 'what is not read-only tells',
    file: times,
    find: 'tells: setByKernel.has(type) && !isWhole',
    replace: 'tells: !isWhole',
    tests: table,
  },
  {
    name: 'an image that can be written to is a disk',
    file: times,
    find: " || source.startsWith('/dev/loop')",
    replace: '',
    tests: table,
  },
  {
    name: 'the mount below counts for what is on top',
    file: times,
    find: 'mount.mountPoint.length >= best.mountPoint.length',
    replace: 'mount.mountPoint.length > best.mountPoint.length',
    tests: table,
  },
  {
    name: 'a link to a context is where it lies',
    file: times,
    find: 'await realpath(directory).catch(() => directory)',
    replace: 'await Promise.resolve(directory)',
    tests: table,
  },
];
