import type { Fault } from '../fault.ts';

const stores = ['test/e2e/store-mounts.test.ts'];
const inMachine = { file: 'src/engine/machine.ts', tests: stores };
const inFlags = { file: 'src/engine/executor/mount-flags.ts', tests: stores };

/** Stores on file systems that are mounted noexec, nosuid or nodev. */
export const faults: readonly Fault[] = [
  {
    name: 'programs of the executor are started from a store that starts none',
    ...inFlags,
    find: '  if (!noexec) return;',
    replace: '  if (dir !== mount) return;',
    only: 'noexec, root',
  },
  {
    name: 'a step in a chroot is tried from a store that starts no programs',
    ...inMachine,
    find: 'if (flags.noexec) throw new FailureError(storeNoexec(flags.mountPoint));',
    replace:
      "if (flags.noexec && options.isolation !== 'chroot') throw new FailureError(storeNoexec(flags.mountPoint));",
    only: 'in a chroot on overlays',
  },
  {
    name: 'a step is tried in a copy that starts no programs',
    ...inMachine,
    find: 'if (flags.noexec) throw new FailureError(storeNoexec(flags.mountPoint));',
    replace: '',
    only: 'noexec, without overlays:',
  },
  {
    name: 'nobody hears that programs of mounts cannot be started',
    ...inMachine,
    find: 'if (flags.noexec) notice(lostInMounts(flags).message);',
    replace: '',
    only: 'noexec, root',
  },
  {
    name: 'nobody hears what copies have lost',
    ...inMachine,
    find: 'for (const { message } of lostInCopies(flags, options.isolation)) notice(message);',
    replace: '',
    only: 'nosuid, without overlays',
  },
  {
    name: 'devices are said to be lost where /dev is a mount of its own',
    ...inFlags,
    find: "if (nodev && isolation === 'chroot')",
    replace: 'if (nodev && isolation)',
    only: 'nodev, without overlays',
  },
  {
    name: 'doctor tries a step in a copy where a build has overlays',
    file: 'src/worker/probe-inside.ts',
    find: "overlay.ok === 'yes' ? join(dir, OVERLAY, 'merged') : join(dir, 'root')",
    replace: "join(dir, 'root')",
    tests: stores,
    only: 'noexec, root',
  },
  {
    name: 'doctor promises a chroot in a store that starts no programs',
    file: 'src/worker/probe.ts',
    find: 'isChroot ? await whyNotFrom(dir) : undefined',
    replace: 'undefined as MachineFact | undefined',
    tests: ['test/worker/probe.test.ts'],
    only: 'noexec',
  },
];
