/**
 * A step that prints much more than memory should hold, to a reader that has stopped: the step waits, cip stays small, and
 * when the reader goes on it gets every line.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const LINES = 2_000_000;
/** 64 bytes each: 128 MB. */
const LINE = 'x'.repeat(63);
/** Bytes that cip may ever have; where it keeps what nobody reads it has twice as much. */
const MOST = 340 * 1024 * 1024;

for (const [progress, ...words] of [['plain', '-v'], ['json']] as const) {
  test(`a reader that stops, with --progress=${progress}`, needs('linux', 'busybox', 'user namespaces'), async () => {
    const { peak, lines } = await runOf(LINES, progress, words);
    assert.equal(lines, LINES);
    assert.ok(peak > 0 && peak < MOST, `${peak >> 20} MB`);
  });
}

async function runOf(count: number, progress: string, words: readonly string[]) {
  await using rig = await Rig.setup({
    files: {
      'contexts/00-base/Dockerfile': `FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nRUN yes ${LINE} | head -n ${count}\n`,
      'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
      'contexts/00-base/busybox': await readFile('/bin/busybox'),
    },
  });
  let peak = 0;
  let lines = 0;
  let rest = '';
  const ended = await rig.cip('build', `--progress=${progress}`, ...words, {
    onStart(child) {
      const stderr = child.stderr!;
      stderr.removeAllListeners('data');
      stderr.on('data', (text: string) => {
        peak = Math.max(peak, peakOf(child));
        const parts = (rest + text).split('\n');
        rest = parts.pop()!;
        for (const line of parts) lines += progress === 'json' ? printed(line) : Number(line.endsWith(`| ${LINE}`));
      });
      stderr.pause();
      void untilQuiet(rig, child).then(() => stderr.resume());
    },
  });
  assert.equal(ended.status, 0);
  return { peak, lines };
}

/** Lines in an event of a step. */
function printed(line: string): number {
  if (!line.startsWith('{')) return 0;
  const event = JSON.parse(line) as { type: string; text?: string };
  return event.type === 'step-output' ? (event.text!.match(/x\n/g) ?? []).length : 0;
}

/** Bytes. */
function peakOf({ pid }: ChildProcess): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Until nothing is written any more to the log of the run, or the run has ended. */
async function untilQuiet(rig: Rig, child: ChildProcess): Promise<void> {
  let [before, same] = [-1, 0];
  while (same < 10 && child.exitCode === null) {
    await delay(100);
    const size = logSize(join(rig.store, 'logs'));
    same = size > 0 && size === before ? same + 1 : 0;
    before = size;
  }
}

function logSize(directory: string): number {
  try {
    return readdirSync(directory, { recursive: true })
      .map((name) => statSync(join(directory, String(name))))
      .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
  } catch {
    return 0;
  }
}
