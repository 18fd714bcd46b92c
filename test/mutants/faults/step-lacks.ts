import type { Fault } from '../fault.ts';

const table = ['test/engine/executor/lack.test.ts'];
const real = ['test/e2e/step-lacks.test.ts'];
const inLack = { file: 'src/engine/executor/lack.ts', tests: table };
const inPing = { file: 'src/engine/executor/ping.ts', tests: table };
const inExecutor = { file: 'src/engine/executor/namespaces-executor.ts', tests: real };

export const faults: readonly Fault[] = [
  {
    name: 'whatever a command said, its ids were too high',
    ...inLack,
    find: 'if (saying !== undefined && !said.some((line) => saying.test(line))) continue;',
    replace: 'if (saying !== undefined && said.length < 0) continue;',
  },
  {
    name: 'what a step has said is not looked at',
    file: 'src/engine/op/exec.ts',
    find: 'lacks, lastLines),',
    replace: 'lacks),',
    tests: real,
    only: '^an owner above the ids of a user',
  },
  {
    name: 'root that has not all ids lacks none',
    ...inExecutor,
    find: 'else if (!areAll(ids.users) || !areAll(ids.groups))',
    replace: 'else if (!areAll(ids.users) && ids.users.length > 2)',
    only: '^an owner above the ids of a root',
  },
  {
    name: 'ids end one later',
    file: 'src/engine/executor/id-map.ts',
    find: 'inside + count - 1)',
    replace: 'inside + count)',
    tests: real,
    only: '^an owner above the ids of a user',
  },
  {
    name: 'a program is found in the middle of a word',
    ...inLack,
    find: 'names.find((name) => lack.programs.includes(name))',
    replace: 'lack.programs.find((name) => command.includes(name))',
  },
  {
    name: 'a program is known by its name alone, without its directory',
    ...inLack,
    find: ".map((word) => word.slice(word.lastIndexOf('/') + 1))",
    replace: '',
  },
  {
    name: 'programs end at blanks only',
    ...inLack,
    find: 'command.split(/[^\\w./+-]+/)',
    replace: "command.split(' ')",
  },
  {
    name: 'the last lack is told in the place of the first',
    ...inLack,
    find: 'for (const lack of lacks) {',
    replace: 'for (const lack of lacks.toReversed()) {',
  },
  {
    name: 'groups of a map are taken in the order of its lines',
    ...inPing,
    find: 'groups.toSorted((a, b) => a.inside - b.inside)',
    replace: '[...groups]',
  },
  {
    name: 'groups that the kernel orders otherwise are one range',
    ...inPing,
    find: 'last === undefined || !isOrdered',
    replace: 'last === undefined',
  },
  {
    name: 'the range of groups ends above what the kernel takes',
    ...inPing,
    find: 'const LAST_GROUP = 2 ** 31 - 1;',
    replace: 'const LAST_GROUP = 2 ** 32 - 1;',
  },
  {
    name: 'steps may not ping',
    file: 'src/engine/executor/private-network.ts',
    find: '`${allowPing(groups)}\\n${mount}`',
    replace: 'mount',
    tests: real,
    only: 'doctor',
  },
  {
    name: 'everybody is said to ping',
    file: 'src/engine/executor/ping.ts',
    find: 'return succeeded(',
    replace: "return 'x' !== String(",
    tests: real,
    only: 'allows no ping',
  },
  {
    name: 'whether steps ping is tried in the network of the machine',
    ...inExecutor,
    find: "network === 'host' ? [] : [tools.nsenter!, `--net=${network.namespace}`]",
    replace: '[] as readonly string[]',
    only: 'doctor',
  },
  {
    name: 'few ids are no lack',
    ...inExecutor,
    find: 'if (areTooFew(ids.users) || areTooFew(ids.groups))',
    replace: 'if (areTooFew(ids.users) && ids.chown === false)',
    only: 'an owner that',
  },
  {
    name: 'a failed step is told nothing of what it lacks',
    file: 'src/engine/op/exec.ts',
    find: "lack: lackOf(op.args.join(' '), lacks, lastLines),",
    replace: "lack: lackOf('', lacks),",
    tests: real,
    only: 'mknod by root',
  },
  {
    name: 'each failed step is told of the first lack',
    file: 'src/engine/op/exec.ts',
    find: "lack: lackOf(op.args.join(' '), lacks, lastLines),",
    replace: "lack: lacks[0] && { ...lacks[0], program: 'mknod' },",
    tests: real,
    only: 'a failure of another kind',
  },
  {
    name: 'a chroot is said to have a /proc',
    file: 'src/engine/executor/chroot-executor.ts',
    find: '...rights, noProc(), ...setUserId]',
    replace: '...rights, ...setUserId]',
    tests: real,
    only: 'ps in a chroot',
  },
];
