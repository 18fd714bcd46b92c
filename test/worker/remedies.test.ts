import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { restrictedFact } from '../../src/worker/probe.ts';
import type { MachineFact } from '../../src/worker/protocol.ts';
import { appArmorProfile, type NamespaceSettings, remediesFor } from '../../src/worker/remedies.ts';
import { isThere } from '../support/needs.ts';

const open: NamespaceSettings = {
  maxUserNamespaces: 1000,
  unprivilegedClone: undefined,
  apparmorRestricts: undefined,
  seccomp: 0,
  root: false,
  program: '/opt/cip/bin/cip.js',
};

const cases: [title: string, settings: Partial<NamespaceSettings>, want: RegExp[]][] = [
  ['no namespaces at all', { maxUserNamespaces: 0 }, [/^sudo sysctl -w user\.max_user_namespaces=\d+$/]],
  ['Debian', { unprivilegedClone: 0 }, [/^sudo sysctl -w kernel\.unprivileged_userns_clone=1$/]],
  [
    'Ubuntu',
    { apparmorRestricts: 1, profile: 'unconfined' },
    [/profile cip "\/opt\/cip\/bin\/cip\.js" .*\/etc\/apparmor\.d\/cip/],
  ],
  ['Ubuntu, in a profile that allows it', { apparmorRestricts: 1, profile: 'cip (unconfined)' }, [/ask/]],
  ['Ubuntu, where nothing is restricted', { apparmorRestricts: 0, profile: 'unconfined' }, [/ask/]],
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

/** Paths that a profile must take as they are, and how they stand in it: no character means others. */
const programs: readonly (readonly [program: string, written: string])[] = [
  ['/opt/cip/bin/cip.js', '/opt/cip/bin/cip.js'],
  ['/home/a b/cip.js', '/home/a b/cip.js'],
  ['/x/[a]*?{b,c}^/cip.js', '/x/\\[a\\]\\*\\?\\{b,c\\}\\^/cip.js'],
  ['/x/"q"/\\/cip.js', '/x/\\"q\\"/\\\\/cip.js'],
  ["/it's/cip.js", "/it's/cip.js"],
];

for (const [program, path] of programs)
  test(`the command that allows cip alone writes a profile for ${program}`, () => {
    const [command] = remediesFor({ ...open, apparmorRestricts: 1, profile: 'unconfined', program });
    const [print] = command!.split(' | sudo tee ');
    const written = execFileSync('sh', ['-c', print!], { encoding: 'utf8' });
    assert.equal(written, `${appArmorProfile(program).join('\n')}\n`);
    assert.ok(written.includes(`profile cip "${path}" `), written);
    assert.equal(written.includes('sysctl'), false);
    if (!isThere('apparmor_parser')) return;
    // As far as the version that is here goes: abi 4.0, with its rule, came with AppArmor 4.
    const known = existsSync('/etc/apparmor.d/abi/4.0')
      ? written
      : written.replace('abi/4.0', 'abi/3.0').replace('userns,', '');
    const args = ['-Q', '--skip-kernel-load', '-K'];
    execFileSync('apparmor_parser', args, { input: known, env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } });
  });

const restricted: NamespaceSettings = { ...open, apparmorRestricts: 1, profile: 'unconfined' };
const runs = (ok: MachineFact['ok']): MachineFact => ({ id: 'run', ok, detail: '' });
const found: readonly [title: string, settings: NamespaceSettings, run: MachineFact, isFound: boolean][] = [
  ['nothing runs, and AppArmor restricts', restricted, runs('no'), true],
  ['steps run all the same', restricted, runs('yes'), false],
  ['a profile allows it, and nothing runs', { ...restricted, profile: 'cip (unconfined)' }, runs('no'), false],
  ['nothing runs for another reason', open, runs('no'), false],
  ['root is not restricted', { ...restricted, root: true }, runs('no'), false],
];
for (const [title, settings, run, isFound] of found)
  test(`doctor knows AppArmor's restriction: ${title}`, () => {
    const fact = restrictedFact([run], settings);
    assert.equal(fact !== undefined, isFound);
    if (fact !== undefined) assert.match(fact.fix!, /^printf .*apparmor_parser -r /);
  });
