import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Builder, BuildRequest, BuildResult } from '../../src/builder.ts';
import type { EngineOptions, EngineSurroundings } from '../../src/engine/engine-options.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Progress } from '../../src/progress.ts';
import { FailureError } from '../../src/result.ts';

/** Does what `buildArgs.do` says, as an engine inside the worker. */
export async function createEngine(options: EngineOptions, { outputTaken }: EngineSurroundings): Promise<Builder> {
  if (options.storeDir === '/refused') throw new FailureError({ reason: 'not-a-store', message: 'no such store' });
  return {
    name: 'toy',
    async build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult> {
      const deed = deeds[request.buildArgs['do'] as keyof typeof deeds];
      const text = JSON.stringify(await deed(request, options, signal, progress, outputTaken));
      progress.emit({ type: 'step-output', image: request.image, step: 's', stream: 'stdout', text });
      return { image: { mediaType: 'toy', digest: digestOf(text), size: text.length } };
    },
    async close() {},
  };
}

/** Times that this worker was asked to describe itself. */
let described = 0;

const deeds = {
  describe: async (_: BuildRequest, options: EngineOptions) => ({
    tier: options.tier,
    uid: process.getuid?.(),
    pid: process.pid,
    described: nextNumber(),
    uidMap: map('uid_map'),
    gidMap: map('gid_map'),
    setgroups: readFileSync('/proc/self/setgroups', 'utf8').trim(),
    capabilities: /^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
    umask: process.umask(),
    procIsOwn: readlinkSync('/proc/self') === String(process.pid),
    env: Object.keys(process.env).sort(),
    files: openFiles(),
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
  }),
  fail: async () => {
    throw new FailureError({ reason: 'run-failed', message: 'the toy broke', hint: 'mend it', details: ['a', 'b'] });
  },
  bug: async () => {
    throw new TypeError('the toy is wrong');
  },
  wait: async (request: BuildRequest, _: EngineOptions, signal: AbortSignal) => {
    process.stderr.write(`waiting ${request.image}\n`);
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  },
  die: async () => {
    process.stderr.write('last words\n');
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => setTimeout(() => {}, 10_000));
  },
  /** Starts a process in a session of its own, then does nothing but keep its thread busy. */
  busy: async (request: BuildRequest, _: EngineOptions, __: AbortSignal, progress: Progress) => {
    spawn('setsid', ['--fork', 'sleep', '1000'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], CIP_MARK: request.buildArgs['mark'] },
    });
    progress.emit({ type: 'notice', message: 'busy' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  },
  /** Says very much, and waits where it is asked to. */
  talk: async (
    request: BuildRequest,
    _: EngineOptions,
    signal: AbortSignal,
    progress: Progress,
    outputTaken: () => Promise<void> | undefined,
  ) => {
    const text = 'x'.repeat(1024);
    for (let said = 0; said < Number(request.buildArgs['times']); said += 1) {
      progress.emit({ type: 'step-output', image: request.image, step: 's', stream: 'stdout', text });
      await outputTaken();
      // As output of a step does, it comes in portions: what never waits would never hear that its reader is behind.
      if (said % 64 === 0) await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    return {};
  },
  /** Starts a process in a session of its own, and mounts something; then waits until it is killed. */
  litter: async (request: BuildRequest) => {
    spawn('setsid', ['--fork', 'sh', '-c', 'mount -t tmpfs litter /mnt && exec sleep 1000'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], CIP_MARK: request.buildArgs['mark'] },
    });
    await new Promise(() => setTimeout(() => {}, 100_000));
  },
};

function map(file: string): string[] {
  return readFileSync(`/proc/self/${file}`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).join(' '));
}

/** What a program that is started from here would inherit. */
function openFiles(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
        return (Number.parseInt(flags, 8) & 0o2000000) === 0;
      } catch {
        return false;
      }
    });
}

/** 1 for the first time. */
function nextNumber(): number {
  described += 1;
  return described;
}
