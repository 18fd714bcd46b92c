import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { processCommand, splitEnvironment, withLoaderVariables } from '../../../src/engine/executor/process-command.ts';
import { needs } from '../../support/needs.ts';
import { tools } from './tools.ts';

const process = { args: ['/bin/echo', "it's"], cwd: '/w', user: { uid: 5, gid: 6, additionalGids: [6, 7] } };

test('processCommand() sets groups and capabilities as root, then root, directory and user', () => {
  const text = processCommand(process, ['A=1', 'B=x y'], { tools, setGroups: true, redirections: '2>&3' });
  assert.equal(
    text,
    [
      "export E0=1 E1='x y'",
      [
        `exec /bin/env -S '-i -- "A=\${E0}" "B=\${E1}"'`,
        '/bin/setpriv --regid 6 --groups 6,7',
        '--bounding-set=-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write',
        '--inh-caps=-all --ambient-caps=-all',
        "/bin/unshare --root=. --wd=/w --setuid=5 -- /bin/echo 'it'\\''s'",
        '2>&3',
      ].join(' '),
    ].join('\n'),
  );
});

test('processCommand() leaves the groups where they cannot be set', () => {
  const text = processCommand(process, [], { tools, setGroups: false, redirections: '' });
  assert.doesNotMatch(text, /--regid|--groups/);
});

const environments: [title: string, env: string[]][] = [
  ['nothing', []],
  ['order and empty values', ['Z=1', 'A=', 'M=2']],
  ['what shells and env(1) take for special', ['A=$HOME `x` "y" \\ \'z\' #', 'B= b\n\tc ', 'C=${A}', 'D=-i']],
  ['names that are none for a shell', ['a.b-c=1', '1=one', 'we\\ird$"n=2', '-x=3', 'ü=4']],
];
for (const [title, env] of environments) {
  test(`processCommand() passes on the environment and nothing else: ${title}`, needs('env', 'sh'), () => {
    // The chain is cut after env(1), which then prints what it would start the next program with.
    const real = { ...tools, env: '/usr/bin/env', setpriv: '/bin/sh' };
    const script = processCommand(process, env, { tools: real, setGroups: true, redirections: '' });
    const printing = script.replace(/ \/bin\/sh --regid.*$/s, ' /usr/bin/env -0');
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', printing], { env: { LEAK: 'x' }, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.deepEqual(
      stdout.split('\0').filter((text) => text !== ''),
      env,
    );
  });
}

test('splitEnvironment() keeps back what would steer programs of the machine', () => {
  const env = ['PATH=/bin', 'LD_PRELOAD=/x.so', 'LDFLAGS=-s', 'GLIBC_TUNABLES=x', 'LANG=C', 'LD_LIBRARY_PATH=/l'];
  assert.deepEqual(splitEnvironment(env), {
    plain: ['PATH=/bin', 'LDFLAGS=-s', 'LANG=C'],
    loader: ['LD_PRELOAD=/x.so', 'GLIBC_TUNABLES=x', 'LD_LIBRARY_PATH=/l'],
  });
});

for (const setter of [
  { program: '/usr/bin/env', kind: 'env' },
  { program: '/bin/sh', kind: 'sh' },
] as const) {
  test(`withLoaderVariables() by ${setter.kind} sets them for the program, whatever is in them`, needs('env'), () => {
    const loader = ['LD_X=a b', "LD_Y='$(false)' \\"];
    const [file, ...args] = withLoaderVariables(
      ['/bin/sh', '-c', 'printf "%s|%s|%s" "$LD_X" "$LD_Y" "$1"', 'sh', 'arg'],
      loader,
      setter,
    );
    assert.equal(spawnSync(file!, args, { encoding: 'utf8' }).stdout, "a b|'$(false)' \\|arg");
  });
}
