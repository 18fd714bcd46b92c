import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** What a process finds itself in. Read here, and given to everyone else. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The current directory was removed: `cwd` is none to work in then. */
  readonly isCwdGone?: boolean;
  readonly pid: number;
  /** Node's name for the processor. */
  readonly arch: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Standard input. Asked for only by those who read it to its end. */
  input(): Readable;
  /** What kept something that was written from getting where it was to go, other than a reader that went away. */
  outputLost(): Error | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds of a clock that never goes back, with what is less than one. */
  clock(): number;
}

/** A reader that went away (`cip graph | head`) is no error: what is written after that goes nowhere. */
export function surroundings(): Surroundings {
  const cwd = currentDirectory();
  let lost: Error | undefined;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') lost ??= error;
    });
  }
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: cwd ?? '/',
    isCwdGone: cwd === undefined,
    pid: process.pid,
    arch: process.arch,
    stdout: process.stdout,
    stderr: process.stderr,
    input: () => process.stdin,
    outputLost: () => lost,
    now: Date.now,
    clock: () => performance.now(),
  };
}

/** Undefined where it was removed; the process is in `/` then. */
function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    // Libraries ask as well, for the help too.
    process.chdir('/');
    return undefined;
  }
}

/** The version of cip, from its package.json, which is above `src/` as well as above `dist/src/`. */
export function versionOfCip(): string {
  const above = ['../..', '../../..'].map((up) => join(import.meta.dirname, up, 'package.json'));
  const file = above.find(existsSync);
  if (file === undefined) throw new Error(`no package.json at ${above.join(' or ')}`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
