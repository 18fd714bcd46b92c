import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NamespaceSettings, remediesFor } from '../../src/worker/remedies.ts';

const open: NamespaceSettings = {
  maxUserNamespaces: 1000,
  unprivilegedClone: undefined,
  apparmorRestricts: undefined,
  seccomp: 0,
  root: false,
};

const cases: [title: string, settings: Partial<NamespaceSettings>, want: RegExp[]][] = [
  ['no namespaces at all', { maxUserNamespaces: 0 }, [/^sudo sysctl -w user\.max_user_namespaces=\d+$/]],
  ['Debian', { unprivilegedClone: 0 }, [/^sudo sysctl -w kernel\.unprivileged_userns_clone=1$/]],
  ['Ubuntu', { apparmorRestricts: 1 }, [/^sudo sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0$/]],
  ['a container', { seccomp: 2 }, [/seccomp=unconfined/]],
  ['root is not restricted by what is for others', { apparmorRestricts: 1, unprivilegedClone: 0, root: true }, [/ask/]],
  ['both', { maxUserNamespaces: 0, seccomp: 2 }, [/max_user_namespaces/, /seccomp/]],
  ['nothing known', {}, [/ask/]],
];

for (const [title, settings, want] of cases) {
  test(`remediesFor() ${title}`, () => {
    const remedies = remediesFor({ ...open, ...settings });
    assert.equal(remedies.length, want.length);
    for (const [index, pattern] of want.entries()) assert.match(remedies[index]!, pattern);
  });
}
