import type { Fault } from '../fault.ts';

const callers = ['test/e2e/callers.test.ts'];
const inEnter = { file: 'src/worker/enter.ts', tests: callers };

/** Whoever starts cip, and in whatever state. */
export const faults: readonly Fault[] = [
  {
    name: 'without new privileges the first process loses its rights for good',
    ...inEnter,
    find: "(await hasNoNewPrivileges()) ? ['--keep-caps'] : []",
    replace: '[]',
    only: '^root without new privileges',
  },
  {
    name: 'a newuidmap without privileges is said to lack its set-user-ID bit',
    ...inEnter,
    find: 'if (await hasNoNewPrivileges()) return helpersWithoutPrivileges();',
    replace: '',
    only: '^a user without new privileges',
  },
  {
    name: 'a group that is not the one of the account is not told',
    ...inEnter,
    find: 'return gid === accountGid ?',
    replace: 'return gid === gid || gid === accountGid ?',
    only: '^a user with another group:',
  },
  {
    name: 'the group of the account is taken for the present one',
    file: 'src/cli/create-builder.ts',
    find: 'gid: uid === 0 ? account.gid : gid, name',
    replace: 'gid: account.gid, name',
    tests: callers,
    only: '^a user with another group:',
  },
  {
    name: 'steps without new privileges lack nothing',
    file: 'src/engine/executor/namespaces-executor.ts',
    find: 'if (await hasNoNewPrivileges()) lacks.push(noSetUserId());',
    replace: '',
    tests: callers,
    only: '^a step that fails for it',
  },
  {
    name: 'what is inheritable is kept by those that are to have nothing',
    file: 'src/engine/executor/step-calls.ts',
    find: "[...dropCalls(range(64)), { call: 'capset', args: capabilitySets(0n) }]",
    replace: 'dropCalls(range(64))',
    tests: ['test/engine/executor/gate.test.ts'],
    only: 'inheritable',
  },
];
