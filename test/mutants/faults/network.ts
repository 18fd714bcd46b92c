import type { Fault } from '../fault.ts';

const steps = ['test/engine/executor/private-network.test.ts'];
const doctor = ['test/e2e/doctor-network.test.ts'];
const [calls, network] = ['src/engine/executor/step-calls.ts', 'src/engine/executor/private-network.ts'] as const;
const bound = '^root: a datagram for 127.0.0.1 by a bound';

export const faults: readonly Fault[] = [
  {
    name: 'a socket bound to the interface of the helper reaches the loopback interface of the machine',
    file: calls,
    find: '...(step.privateNetwork ? rejectLoopbackCalls() : []),',
    replace: '...(step.privateNetwork && step.loopback ? rejectLoopbackCalls() : []),',
    tests: steps,
    only: bound,
  },
  {
    name: 'another network than that of loopback is rejected',
    file: calls,
    find: 'route.set([127, 0, 0, 0], destination + 4);',
    replace: 'route.set([126, 0, 0, 0], destination + 4);',
    tests: steps,
    only: bound,
  },
  {
    name: 'the route is to the one address 127.0.0.0',
    file: calls,
    find: 'route.set([255, 0, 0, 0], mask + 4);',
    replace: 'route.set([255, 255, 255, 255], mask + 4);',
    tests: steps,
    only: bound,
  },
  {
    name: 'only the first step of a private network starts',
    file: calls,
    find: '{ bytes: route }], tolerated: [EEXIST] }',
    replace: '{ bytes: route }] }',
    tests: steps,
    only: '^root: .* from the network default',
  },
  {
    name: 'a step writes frames to the interface of the helper',
    file: calls,
    find: "!(step.privateNetwork && name === 'net_raw')",
    replace: "!(step.loopback && name === 'net_raw')",
    tests: steps,
    only: '^root: a datagram for 127.0.0.1 by a frame',
  },
  {
    name: 'the calls of a private network are made in none',
    file: 'src/engine/executor/namespaces.ts',
    find: "privateNetwork: typeof network !== 'string',",
    replace: "privateNetwork: network === 'none',",
    tests: steps,
    only: '^root: a datagram',
  },
  {
    name: 'the gateway of the helper is the loopback interface of the machine',
    file: network,
    find: "'--disable-host-loopback', ",
    replace: '',
    tests: steps,
    only: '^root: 10.0.2.2',
  },
  {
    name: 'it is not tried whether the namespace can be entered',
    file: network,
    find: "[`--net=${namespace}`, 'true']",
    replace: "['--version']",
    tests: doctor,
    only: 'permission to enter namespaces',
  },
  {
    name: 'of what a helper says only the last line is reported',
    file: network,
    find: 'resolve(oneLine(said) || ',
    replace: "resolve(oneLine(said).split('; ').at(-1) || ",
    tests: doctor,
    only: 'a helper that is content',
  },
  {
    name: 'the signal that killed a helper is not reported',
    file: network,
    find: '(signal ?? `exit status ${code}`)',
    replace: '`exit status ${code}`',
    tests: doctor,
    only: 'a helper that lives',
  },
  {
    name: 'the device of the helper is not looked at',
    file: network,
    find: "if (device !== 'given') return noDevice[device];",
    replace: '',
    tests: doctor,
    only: 'access to the device',
  },
  {
    name: 'a device that is not there is one that is refused',
    file: network,
    find: "error.code === 'ENOENT' || ",
    replace: '',
    tests: doctor,
    only: '^the device$',
  },
];
