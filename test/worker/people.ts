import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Person {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Whoever runs the tests. */
export const self: Person = { uid: process.getuid!(), gid: process.getgid!(), name: nameOf(process.getuid!()) };

/** An ordinary user without a line in any file. Only root can become it. */
export const nobodyInParticular: Person = { uid: 12_345, gid: 12_345, name: '12345' };

/** An ordinary user with a range in /etc/subuid and /etc/subgid; made on first use, and kept. Needs root. */
export function personWithSubids(): Person {
  const name = 'cip-test';
  if (lineOf('/etc/passwd', name) === undefined) {
    execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  }
  for (const [file, option] of [
    ['/etc/subuid', '--add-subuids'],
    ['/etc/subgid', '--add-subgids'],
  ] as const) {
    if (lineOf(file, name) === undefined) execFileSync('usermod', [option, '700000-765535', name]);
  }
  const [, , uid, gid] = lineOf('/etc/passwd', name)!.split(':');
  return { uid: Number(uid), gid: Number(gid), name };
}

/** Where the subordinate ids of a person begin, and how many there are. */
export function subids(file: '/etc/subuid' | '/etc/subgid', { name }: Person): readonly [start: number, count: number] {
  const [, start, count] = lineOf(file, name)!.split(':').map(Number);
  return [start!, count!];
}

function lineOf(file: string, name: string): string | undefined {
  return readFileSync(file, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
}

function nameOf(uid: number): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}
