import type { Fault } from '../fault.ts';

const settings = ['test/cli/settings.test.ts'];
const usage = ['test/e2e/usage.test.ts'];
const disk = ['test/store/disk.test.ts'];

/** What a process finds around itself: directories that are gone, files of certificates, limits of files. */
export const faults: readonly Fault[] = [
  {
    name: 'a current directory that was removed is a crash',
    file: 'src/cli/surroundings.ts',
    find: "process.chdir('/');\n    return undefined;",
    replace: 'return process.cwd();',
    tests: usage,
    only: 'was removed',
  },
  {
    name: 'commands work in / where the current directory was removed',
    file: 'src/cli/main.ts',
    find: 'if (here.isCwdGone) throw',
    replace: 'if (here.pid === 0) throw',
    tests: usage,
    only: 'was removed',
  },
  {
    name: 'libraries ask for the directory that was removed',
    file: 'src/cli/surroundings.ts',
    find: "process.chdir('/');",
    replace: '',
    tests: usage,
    only: 'was removed',
  },
  {
    name: 'whatever --registry-ca names is taken for certificates',
    file: 'src/cli/settings.ts',
    find: 'if (why !== undefined) throw',
    replace: "if (why === '') throw",
    tests: settings,
  },
  {
    name: 'of several certificates the first is looked at',
    file: 'src/cli/settings.ts',
    find: 'const bad = found.findIndex((one) => !isCertificate(one));',
    replace: 'const bad = isCertificate(found[0]) ? -1 : 0;',
    tests: settings,
  },
  {
    name: 'what begins like a certificate is one',
    file: 'src/cli/settings.ts',
    find: 'return new X509Certificate(pem).subject !== undefined;',
    replace: 'return X509Certificate !== undefined;',
    tests: settings,
  },
  {
    name: 'a file that is too big is a bug of cip',
    file: 'src/store/failure.ts',
    find: '  EFBIG: fileTooBig,\n',
    replace: '',
    tests: disk,
    only: 'limit of sizes',
  },
  {
    name: 'a file that is too big is a full disk',
    file: 'src/store/failure.ts',
    find: 'EFBIG: fileTooBig',
    replace: 'EFBIG: diskFull',
    tests: disk,
    only: 'limit of sizes',
  },
  {
    name: 'the directory that was removed is not named',
    file: 'src/cli/main.ts',
    find: "noWorkingDirectory(here.env['PWD'])",
    replace: 'noWorkingDirectory(undefined)',
    tests: usage,
    only: 'was removed',
  },
  {
    name: 'a file without any certificate is taken',
    file: 'src/cli/settings.ts',
    find: 'if (found === null) return',
    replace: 'if (found === null) return undefined; else if (found.length < 0) return',
    tests: settings,
  },
];
