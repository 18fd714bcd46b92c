import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedCalls } from '../../../src/engine/executor/allowed-calls.ts';
import { seccompFilter } from '../../../src/engine/executor/seccomp-filter.ts';

const architectures = { amd64: 0xc000003e, '386': 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 } as const;
const answers: Readonly<Record<number, string>> = { 2147418112: 'allow', 327681: 'EPERM', 327718: 'ENOSYS' };

/** What classic BPF does with a struct seccomp_data; also how many instructions that took. */
function run(filter: Buffer, data: { arch: number; number: number; argument?: number }): readonly [string, number] {
  const words = new Map([
    [0, data.number >>> 0],
    [4, data.arch],
    [16, (data.argument ?? 0) >>> 0],
  ]);
  let register = 0;
  for (let at = 0, count = 1; ; count++) {
    const code = filter.readUInt16LE(at * 8);
    const [ifTrue, ifFalse] = [filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3)];
    const constant = filter.readUInt32LE(at * 8 + 4);
    at += 1;
    if (code === 0x06) return [answers[constant] ?? `${constant}`, count];
    if (code === 0x20) register = words.get(constant)!;
    else if (code === 0x05) at += constant;
    else if (code === 0x15) at += register === constant ? ifTrue : ifFalse;
    else if (code === 0x35) at += register >= constant ? ifTrue : ifFalse;
    else if (code === 0x45) at += (register & constant) !== 0 ? ifTrue : ifFalse;
    else throw new Error(`unknown instruction ${code}`);
  }
}

const conditional = new Set(['clone', 'clone3', 'personality', 'socket']);

for (const [machine, family] of [
  ['amd64', ['amd64', '386']],
  ['arm64', ['arm64', 'arm']],
] as const) {
  const filter = seccompFilter(machine)!;
  for (const architecture of family) {
    test(`on ${machine} the filter allows for ${architecture} what is in the list, and nothing else`, () => {
      const allowed = allowedCalls(architecture);
      const wrong: string[] = [];
      for (let number = 0; number < 600; number++) {
        const name = allowed.get(number);
        if (name !== undefined && conditional.has(name)) continue;
        const want = name !== undefined ? 'allow' : number > 469 ? 'ENOSYS' : 'EPERM';
        const [said, took] = run(filter, { arch: architectures[architecture], number });
        if (said !== want || took > 30) wrong.push(`${number} ${name}: ${said} after ${took}`);
      }
      assert.deepEqual(wrong, []);
      assert.ok(allowed.size > 250);
    });
  }
  test(`on ${machine} the filter has at most as many instructions as the kernel takes`, () => {
    assert.ok(filter.length / 8 < 4096, `${filter.length / 8}`);
  });
}

const calls: [title: string, number: number, argument: number, want: string][] = [
  ['a thread', 56, 0x3d0f00, 'allow'],
  ['a process', 56, 17, 'allow'],
  ['a process in a new user namespace', 56, 0x10000011, 'EPERM'],
  ['a process in a new mount namespace', 56, 0x20011, 'EPERM'],
  ['a process in a new cgroup namespace', 56, 0x2000011, 'EPERM'],
  ['a process in new namespaces of a kind a filter cannot see', 435, 0, 'ENOSYS'],
  ['the personality of Linux', 135, 0, 'allow'],
  ['the question for the personality', 135, 0xffffffff, 'allow'],
  ['a personality without randomised addresses', 135, 0x40000, 'EPERM'],
  ['a socket of the internet', 41, 2, 'allow'],
  ['a socket of the hypervisor', 41, 40, 'EPERM'],
  ['unshare', 272, 0x10000000, 'EPERM'],
  ['mount', 165, 0, 'EPERM'],
  ['fsopen', 430, 0, 'EPERM'],
  ['setns', 308, 0, 'EPERM'],
  ['pivot_root', 155, 0, 'EPERM'],
  ['keyctl', 250, 0, 'EPERM'],
  ['add_key', 248, 0, 'EPERM'],
  ['bpf', 321, 0, 'EPERM'],
  ['perf_event_open', 298, 0, 'EPERM'],
  ['io_uring_setup', 425, 0, 'EPERM'],
  ['userfaultfd', 323, 0, 'EPERM'],
  ['init_module', 175, 0, 'EPERM'],
  ['kexec_load', 246, 0, 'EPERM'],
  ['reboot', 169, 0, 'EPERM'],
  ['open_by_handle_at', 304, 0, 'EPERM'],
  ['syslog', 103, 0, 'EPERM'],
  ['ptrace', 101, 0, 'allow'],
  ['chroot', 161, 0, 'allow'],
  ['a call of the future', 9999, 0, 'ENOSYS'],
  ['read, as a program for x32', 0x40000000, 0, 'ENOSYS'],
];
for (const [title, number, argument, want] of calls) {
  test(`the filter for amd64 answers ${title} with ${want}`, () => {
    const [said] = run(seccompFilter('amd64')!, { arch: architectures.amd64, number, argument });
    assert.equal(said, want);
  });
}

test('programs of an architecture that the machine does not run by itself may do nothing', () => {
  assert.equal(run(seccompFilter('amd64')!, { arch: architectures.arm64, number: 64 })[0], 'EPERM');
});

test('there is no filter for machines whose calls are not in the list', () => {
  assert.equal(seccompFilter('riscv64'), undefined);
});
