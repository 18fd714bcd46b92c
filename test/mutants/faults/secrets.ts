import type { Fault } from '../fault.ts';

const real = ['test/e2e/secrets.test.ts'];
const lines = ['test/engine/op/last-lines.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'a secret that begins with another keeps its end',
    file: 'src/engine/op/last-lines.ts',
    find: 'b.length - a.length',
    replace: 'a.length - b.length',
    tests: lines,
  },
  {
    name: 'a secret is shown where what is said is cut',
    file: 'src/engine/op/last-lines.ts',
    find: "const end = all.lastIndexOf('\\n') + 1;",
    replace: 'const end = all.length;',
    tests: lines,
    only: '^a secret is hidden wherever what is said',
  },
  {
    name: 'the file of an id comes before its variable',
    file: 'src/cli/readable-secrets.ts',
    find: '(src === undefined && env[id] !== undefined ? id : undefined)',
    replace: 'undefined',
    tests: real,
    only: 'before the file',
  },
  {
    name: 'a variable that is not set is an empty secret',
    file: 'src/cli/readable-secrets.ts',
    find: 'else if (env[variable!] === undefined)',
    replace: "else if (env[variable!] === '\0')",
    tests: real,
    only: '^a secret that cannot be given',
  },
  {
    name: 'a secret may be one byte larger than in BuildKit',
    file: 'src/cli/readable-secrets.ts',
    find: 'found.size > LARGEST)',
    replace: 'found.size > LARGEST + 1)',
    tests: real,
    only: '^a secret that cannot be given',
  },
  {
    name: 'a secret has special bits',
    file: 'src/engine/frontend/run-mount.ts',
    find: 'numberOf(mount.mode, 0o400, 8) & 0o777',
    replace: 'numberOf(mount.mode, 0o400, 8) & 0o7777',
    tests: ['test/engine/frontend/stages.test.ts'],
  },
  {
    name: 'a secret that a step of a chroot links to keeps its content',
    file: 'src/engine/executor/temporary-files.ts',
    find: '    for (const file of this.#files) await file.empty();\n',
    replace: '',
    tests: real,
    only: 'that is linked to',
  },
  {
    name: 'a secret that a step of a chroot moves stays there',
    file: 'src/engine/executor/lent-file.ts',
    find: 'await unlink(now);',
    replace: 'await Promise.resolve();',
    tests: real,
    only: 'that is moved',
  },
  {
    name: 'a secret in a chroot has another mode',
    file: 'src/engine/executor/lent-file.ts',
    find: '    await chmod(path, mode);\n',
    replace: '    await chmod(path, mode & 0o700);\n',
    tests: real,
    only: 'that is executed',
  },
  {
    name: 'a secret in a chroot is root’s',
    file: 'src/engine/executor/lent-file.ts',
    find: 'await writing.chown(uid, gid);',
    replace: 'await writing.chown(0, 0);',
    tests: real,
    only: 'that is executed',
  },
];
