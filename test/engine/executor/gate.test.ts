import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gateProgram, gateScript } from '../../../src/engine/executor/gate.ts';
import { callTable, type GateCall } from '../../../src/engine/executor/gate-table.ts';
import { withoutCapabilities } from '../../../src/engine/executor/step-calls.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const { EPERM, ENOENT, EBADF } = constants.errno;
const host = hostPlatform(process.arch).architecture;
const write = (text: string): GateCall => ({ call: 'write', args: [1, text, text.length] });
const refused: GateCall = { call: 'close', args: [77] };

/** For each architecture the gate is written in: by the machine itself, or by an emulator. */
const machines = [
  { architecture: 'amd64', emulator: 'qemu-x86_64-static' },
  { architecture: 'arm64', emulator: 'qemu-aarch64-static' },
];

interface Case {
  readonly title: string;
  readonly calls: readonly GateCall[];
  readonly programs: readonly string[];
  readonly want: { readonly status: number; readonly stdout: string; readonly complaint: string };
}

const sh = ['/nowhere/sh', '/bin/sh'];
const cases: readonly Case[] = [
  {
    title: 'makes its calls in order, then executes with its arguments and environment',
    calls: [write('one '), write('two ')],
    programs: sh,
    want: { status: 7, stdout: 'one two a b X=y\n', complaint: '' },
  },
  {
    title: 'goes on after an error that is tolerated',
    calls: [{ ...refused, tolerated: [EPERM, EBADF] }, write('on ')],
    programs: sh,
    want: { status: 7, stdout: 'on a b X=y\n', complaint: '' },
  },
  {
    title: 'stops at an error that is not, says whose, and ends with its number',
    calls: [write('one '), { ...refused, tolerated: [EPERM] }, write('two ')],
    programs: sh,
    want: { status: EBADF, stdout: 'one ', complaint: 'cip:refused:close' },
  },
  {
    title: 'says that nothing could be executed',
    calls: [],
    programs: ['/nowhere', '/nowhere/else'],
    want: { status: ENOENT, stdout: '', complaint: 'cip:not-executed' },
  },
  {
    title: 'takes numbers that are negative, and text of any length',
    calls: [{ call: 'ioctl', args: [-1, 0x5401, 0], tolerated: [EBADF] }, write('x'.repeat(5000))],
    programs: ['/bin/true'],
    want: { status: 0, stdout: 'x'.repeat(5000), complaint: '' },
  },
  {
    title: 'is given memory that holds a pointer to more of it',
    calls: [
      {
        call: 'capset',
        args: [{ bytes: Buffer.alloc(8), pointers: new Map([[0, { bytes: Buffer.from('x') }]]) }, 0],
        tolerated: [22, 14],
      },
      write('after '),
    ],
    programs: sh,
    want: { status: 7, stdout: 'after a b X=y\n', complaint: '' },
  },
];

for (const { architecture, emulator } of machines) {
  const native = architecture === host;
  describe(`the gate for ${architecture}`, needs('linux', 'sh', ...(native ? [] : [emulator])), () => {
    for (const { title, calls, programs, want } of cases) {
      test(title, async () => {
        await using dir = await tempDir();
        const [gate, table, complaints] = ['gate', 'table', 'complaints'].map((name) => join(dir.path, name)) as [
          string,
          string,
          string,
        ];
        writeFileSync(gate, gateProgram(architecture)!, { mode: 0o755 });
        writeFileSync(table, callTable(architecture, calls, programs));
        writeFileSync(complaints, '');
        const script = 'echo $1 $2 X=$X; exit 7';
        const start = `exec ${native ? '' : `${emulator} `}"$@" 8<${table} 9>${complaints}`;
        const { status, stdout } = spawnSync('sh', ['-c', start, 'sh', gate, 'sh', '-c', script, 'sh', 'a', 'b'], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], X: 'y' },
        });
        const complaint = spawnSync('cat', [complaints], { encoding: 'utf8' }).stdout.trim();
        assert.deepEqual({ status, stdout, complaint }, want);
      });
    }
  });
}

test(
  'what is to have no capabilities has none, inheritable ones included',
  needs('linux', 'root', 'setpriv'),
  async () => {
    await using dir = await tempDir();
    const [gate, table] = [join(dir.path, 'gate'), join(dir.path, 'table')];
    writeFileSync(gate, gateProgram(host)!, { mode: 0o755 });
    writeFileSync(table, callTable(host, withoutCapabilities(), ['/bin/sh']));
    const rights = '+chown,+sys_admin';
    const rich = ['setpriv', '--inh-caps', rights, '--ambient-caps', rights, '--'];
    const script = gateScript(
      gate,
      table,
      'while read -r name value; do case $name in Cap*) echo "$value"; esac; done',
    );
    const [program, ...args] = [...rich, 'sh', '-c', `${script} </proc/self/status`];
    const { stdout } = spawnSync(program!, args, { encoding: 'utf8' });
    assert.equal(stdout, '0000000000000000\n'.repeat(5));
  },
);
