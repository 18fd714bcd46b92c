import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { processCommand } from '../../../src/engine/executor/process-command.ts';
import { failuresOf } from '../../../src/result.ts';
import { needs } from '../../support/needs.ts';
import { tools } from './tools.ts';

const args = ['/bin/echo', "it's"];
const files = { gate: '/run/gate', table: '/run/a table' };

test('processCommand() turns the shell into the gate, with its table as 8', () => {
  assert.equal(
    processCommand(args, ['A=1', 'B=x y'], { tools, ...files }),
    [
      "export E0=1 E1='x y'",
      `exec /bin/env -S '-i -- "A=\${E0}" "B=\${E1}"' /run/gate /bin/echo 'it'\\''s' 8<'/run/a table'`,
    ].join('\n'),
  );
});

test('processCommand() refuses a variable without a name, which no program can be handed', () => {
  assert.throws(
    () => processCommand(args, ['A=1', '=x'], { tools, ...files }),
    (error: unknown) => failuresOf(error)?.[0]?.reason === 'environment-invalid',
  );
});

const environments: [title: string, env: string[]][] = [
  ['nothing', []],
  ['order and empty values', ['Z=1', 'A=', 'M=2']],
  ['what shells and env(1) take for special', ['A=$HOME `x` "y" \\ \'z\' #', 'B= b\n\tc ', 'C=${A}', 'D=-i']],
  ['names that are none for a shell', ['a.b-c=1', '1=one', 'we\\ird$"n=2', '-x=3', 'ü=4']],
];
for (const [title, env] of environments) {
  test(`processCommand() passes on the environment and nothing else: ${title}`, needs('env', 'sh'), () => {
    // In place of the gate env(1) once more, which prints what it is started with.
    const options = { tools: { env: '/usr/bin/env' }, gate: '/usr/bin/env', table: '/dev/null' };
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', processCommand(['-0'], env, options)], {
      env: { LEAK: 'x' },
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.deepEqual(
      stdout.split('\0').filter((text) => text !== ''),
      env,
    );
  });
}
