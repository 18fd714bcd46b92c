import type { Fault } from '../fault.ts';

const tests = ['test/e2e/image-copies.slow.test.ts'];
const packed = 'src/cli/packed-images.ts';

/** Images in tars, and copies of images. */
export const faults: readonly Fault[] = [
  {
    name: 'a name in a saved image leads anywhere',
    file: packed,
    find: 'if (real?.startsWith(`${await realpath(directory)}/`) === true) return real;',
    replace: 'if (real !== undefined) return real;',
    tests,
    only: 'elsewhere|link that leads',
  },
  {
    name: 'a saved layer may be any',
    file: packed,
    find: 'if (isOther)\n',
    replace: 'if (isOther && layers.length === 0)\n',
    tests,
    only: 'another layer',
  },
  {
    name: 'a saved image may have fewer layers',
    file: packed,
    find: 'if (diffIDs.length !== layers.length) {',
    replace: 'if (diffIDs.length < layers.length) {',
    tests,
    only: 'fewer layers',
  },
  {
    name: 'an image without a name is pushed nowhere, and that is fine',
    file: 'src/cli/commands/push.ts',
    find: '  if (named.some(({ names }) => names.length === 0)) throw new FailureError(archiveWithoutName(path));\n',
    replace: '',
    tests,
    only: 'slipped',
  },
  {
    name: 'of two names of an image one is pushed',
    file: packed,
    find: 'if (name !== undefined) image.names.push(name);',
    replace: 'if (name !== undefined) image.names[0] = name;',
    tests,
    only: 'the names in the tar',
  },
  {
    name: 'a copy has the tag that it had',
    file: 'src/cli/commands/image-copy.ts',
    find: '...known, tag, digest: undefined }],',
    replace: 'tag, ...known, digest: undefined }],',
    tests,
    only: 'from each place',
  },
  {
    name: 'a copy makes directories that are not there',
    file: 'src/cli/commands/image-copy.ts',
    find: 'if (failures.length > 0) throw new FailuresError(failures);',
    replace: '',
    tests: ['test/e2e/image-copies.slow.test.ts'],
    only: 'is refused',
  },
  {
    name: 'a copy to standard output is a file',
    file: 'src/cli/commands/image-copy.ts',
    find: "written !== toStandardOutput || !('dest' in output)",
    replace: "written !== '' || !('dest' in output)",
    tests: ['test/e2e/image-copies.slow.test.ts'],
    only: 'to standard output is a tar',
  },
  {
    name: 'a tar that was cut is not named',
    file: 'src/cli/packed-images.ts',
    find: 'throw ofTar(path, error);',
    replace: 'throw error;',
    tests: ['test/e2e/image-copies.slow.test.ts'],
    only: 'push: what is slipped',
  },
];
