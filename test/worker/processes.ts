import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Pids of all processes of the machine that have the text in their environment or command line. */
export function processesWith(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && (contains(pid, 'environ', mark) || contains(pid, 'cmdline', mark)));
}

/** Name of the program that a process runs; empty if the process is gone. */
export function commandOf(pid: number): string {
  return fileOf(pid, 'comm').trim();
}

/** Command line of a process, each argument ended by a zero byte; empty if the process is gone. */
export function argumentsOf(pid: number): string {
  return fileOf(pid, 'cmdline');
}

/** 0 if the process is gone. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(fileOf(pid, 'status'))?.[1] ?? 0);
}

export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

/** Whether there is such a process that has not ended yet. */
export function isAlive(pid: number): boolean {
  const status = fileOf(pid, 'status');
  return status !== '' && !/^State:\s*[ZX]/m.test(status);
}

/** Resolves with the last answer when it is the one wanted, or after so many milliseconds. */
export async function eventually<T>(ask: () => T, wanted: (answer: T) => boolean, within = 30_000): Promise<T> {
  const start = performance.now();
  for (;;) {
    const answer = ask();
    if (wanted(answer) || performance.now() - start > within) return answer;
    await delay(10);
  }
}

function contains(pid: number, file: string, mark: string): boolean {
  return fileOf(pid, file).includes(mark);
}

/** Processes end while they are looked at, and those of others may not be read. */
function fileOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
