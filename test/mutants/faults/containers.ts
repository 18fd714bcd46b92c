import type { Fault } from '../fault.ts';

const inContainers = ['test/e2e/attack-in-container.slow.test.ts'];
const imitated = ['test/engine/executor/container.test.ts'];
const attack = ['test/engine/executor/attack/attack.test.ts'];
const network = ['test/engine/executor/private-network.test.ts'];

/** Steps in containers that others have made, and what they reach through the network. */
export const faults: readonly Fault[] = [
  {
    name: 'a step fails where the filter of a container keeps its host name from being set',
    file: 'src/engine/executor/step-calls.ts',
    find: 'args: [name, Buffer.byteLength(name)], tolerated: [EPERM, EACCES, ENOSYS] }',
    replace: 'args: [name, Buffer.byteLength(name)] }',
    tests: inContainers,
    only: 'of Podman',
  },
  {
    name: 'the shared /proc of a container can be written to',
    file: 'src/engine/executor/namespaces.ts',
    find: "    : readonlyBind('/proc', proc, view);",
    replace: "    : [mountStep('/proc', proc, 'none', 'rbind')];",
    tests: imitated,
    only: 'nothing in that /proc',
  },
  {
    name: 'processes of others write to those of a container',
    file: 'src/engine/executor/namespaces.ts',
    find: "    : readonlyBind('/proc', proc, view);",
    replace: "    : [mountStep('/proc', proc, 'none', 'rbind')];",
    tests: inContainers,
    only: 'of rootless',
  },
  {
    name: 'nobody is told that steps see the processes of a container',
    file: 'src/engine/executor/namespaces-executor.ts',
    find: 'if (!newProc) limits.push(sharedProcesses());',
    replace: 'if (newProc === undefined) limits.push(sharedProcesses());',
    tests: inContainers,
    only: 'of seccomp=unconfined',
  },
  {
    name: 'auto does not take chroot in a container',
    file: 'src/worker/worker-builder.ts',
    find: "const refusals: ReadonlySet<Reason> = new Set(['no-user-namespaces', 'id-map-refused']);",
    replace: "const refusals: ReadonlySet<Reason> = new Set(['id-map-refused']);",
    tests: inContainers,
    only: 'of Docker',
  },
  {
    name: 'auto takes chroot in a container though there are namespaces',
    file: 'src/worker/worker-builder.ts',
    find: "return { entered: await enter({ ...options, isolation: 'namespaces' }), isolation: 'namespaces' };",
    replace: "return { entered: await enter({ ...options, isolation: 'chroot' }), isolation: 'chroot' };",
    tests: inContainers,
    only: 'of --privileged',
  },
  {
    name: 'the old root of a privileged container is not detached',
    file: 'src/engine/executor/step-calls.ts',
    find: "    { call: 'umount2', args: ['.', MNT_DETACH] },",
    replace: "    { call: 'umount2', args: ['/nowhere', MNT_DETACH], tolerated: [2] },",
    tests: inContainers,
    only: 'of --privileged',
  },
  {
    name: 'the network of the machine is asked for, and steps keep CAP_NET_ADMIN over it',
    file: 'src/engine/executor/capabilities.ts',
    find: "  { name: 'mknod', number: 27 },",
    replace: "  { name: 'mknod', number: 27 },\n  { name: 'net_admin', number: 12 },",
    tests: attack,
    only: 'by a step of root-in-a-private-network-by-slirp4netns$',
  },
  {
    name: 'a step without network has that of the machine',
    file: 'src/engine/executor/namespaces.ts',
    find: "const ownNetwork = network === 'none' ? ['--net'] : [];",
    replace: "const ownNetwork = network === 'none' ? [] : [];",
    tests: attack,
    only: 'by a step of root$',
  },
  {
    name: 'the helper leads to the loopback interface of the machine',
    file: 'src/engine/executor/private-network.ts',
    find: "'--disable-host-loopback', ",
    replace: '',
    tests: network,
    only: '^root, by slirp4netns: 10.0.2.2 from the network default',
  },
  {
    name: 'a device that is not there is said to be forbidden',
    file: 'src/engine/executor/private-network.ts',
    find: "(error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'missing' : 'refused')",
    replace: "(error.code === 'ENODEV' ? 'missing' : 'refused')",
    tests: ['test/e2e/doctor-network.test.ts'],
    only: '^the device$',
  },
  {
    name: 'a device that the user may not use is said to be missing',
    file: 'src/engine/executor/private-network.ts',
    find: "error.code === 'ENOTDIR' ? 'missing' : 'refused'",
    replace: "error.code === 'ENOTDIR' ? 'missing' : 'missing'",
    tests: ['test/e2e/doctor-network.test.ts'],
    only: '^access to the device$',
  },
  {
    name: 'the keeper of a chroot is killed by what its shell says of a killed worker',
    file: 'src/worker/enter.ts',
    find: 'exec 3<&- 4<&- 2>/dev/null',
    replace: 'exec 3<&- 4<&-',
    tests: ['test/engine/executor/chroot-executor.test.ts'],
    only: 'a worker that sees nothing any more',
  },
  {
    name: 'setuid programs of images can be run by everybody on the machine',
    file: 'src/store/store.ts',
    find: '    await keepOthersOut(paths);\n',
    replace: '',
    tests: ['test/store/store.test.ts'],
  },
];
