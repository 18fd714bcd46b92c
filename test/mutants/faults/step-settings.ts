import type { Fault } from '../fault.ts';

const ops = ['test/engine/op/exec.test.ts'];
const words = ['test/cli/command-line.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'a host name that a filter does not know is a failure',
    file: 'src/engine/executor/step-calls.ts',
    find: 'tolerated: [EPERM, EACCES, ENOSYS] }',
    replace: 'tolerated: [EPERM] }',
    tests: ['test/e2e/no-host-name.test.ts'],
  },
  {
    name: 'the key of RUN knows where hosts are',
    file: 'src/engine/op/exec.ts',
    find: 'hosts: keyOfHosts(op.hosts),',
    replace: '',
    tests: ops,
  },
  {
    name: 'a chroot takes a host name and does not set it',
    file: 'src/engine/executor/chroot-executor.ts',
    find: 'if (process.isNamed)',
    replace: "if (process.isNamed && process.hostname === '')",
    tests: ['test/engine/executor/chroot-executor.test.ts'],
    only: '^refuses',
  },
  {
    name: 'hosts that are added are in no file',
    file: 'src/engine/executor/network-files.ts',
    find: 'ip6-loopback\\n${more}`',
    replace: 'ip6-loopback\\n${more.slice(more.length)}`',
    tests: ['test/engine/executor/network-files.test.ts'],
  },
  {
    name: 'a soft limit may be above the hard one',
    file: 'src/cli/options/step-options.ts',
    find: 'if (hard !== -1 && (soft === -1 || soft > hard))',
    replace: 'if (hard < -1)',
    tests: words,
  },
  {
    name: 'the gateway is a host',
    file: 'src/cli/options/step-options.ts',
    find: 'isIP(ip) === 0)',
    replace: 'ip === name)',
    tests: words,
  },
];
