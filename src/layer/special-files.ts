import { linkSync } from 'node:fs';
import { complaintOf, type ProgramOutcome, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import { programFailed, programMissing } from './failure.ts';
import type { DeviceEntry } from './layer-entry.ts';

/** Absolute paths, of which none exists yet. */
export async function makeFifos(files: readonly string[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < files.length; at += BATCH)
    await mustRun('mkfifo', { args: ['--', ...files.slice(at, at + BATCH)], purpose: 'make a FIFO' }, signal);
}

const BATCH = 500;

/** Whether it could be made: nobody but real root may. `file` is absolute and does not exist yet. */
export async function makeDevice(file: string, device: DeviceEntry, signal: AbortSignal): Promise<boolean> {
  const kind = device.type === 'char-device' ? 'c' : 'b';
  const made = await run('mknod', [file, kind, String(device.major), String(device.minor)], signal);
  if (succeeded(made)) return true;
  // mknod(1) ends with 1 whatever the matter is: its words, those of strerror(3) under LC_ALL=C, are all that tells EPERM.
  if (/Operation not permitted$/.test(complaintOf(made))) return false;
  throw new FailureError(programFailed('mknod', 'make a device', complaintOf(made)));
}

/** Whether a whiteout can be made at `file`: not on an overlay, which has its own. As `makeDevice`. */
export function makesWhiteout(file: string, signal: AbortSignal): Promise<boolean> {
  const owned = { path: '', mode: 0, uid: 0, gid: 0, mtime: 0 };
  return makeDevice(file, { type: 'char-device', ...owned, major: 0, minor: 0 }, signal);
}

/**
 * Whiteouts of overlayfs at absolute paths that do not exist yet: one device 0/0, and links to it. Any user may make
 * it in a user namespace of its own.
 */
export async function makeWhiteouts(files: readonly string[], signal: AbortSignal): Promise<void> {
  let first: string | undefined;
  for (const file of files) {
    if (first !== undefined && linked(first, file)) continue;
    await mustRun('mknod', { args: [file, 'c', '0', '0'], purpose: 'mark a file as deleted' }, signal);
    first = file;
  }
}

/** false where the file has as many names as the file system allows. */
function linked(first: string, file: string): boolean {
  try {
    linkSync(first, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EMLINK') return false;
    throw error;
  }
}

async function mustRun(
  program: string,
  { args, purpose }: { readonly args: readonly string[]; readonly purpose: string },
  signal: AbortSignal,
): Promise<void> {
  const outcome = await run(program, args, signal);
  if (!succeeded(outcome)) throw new FailureError(programFailed(program, purpose, complaintOf(outcome)));
}

async function run(program: string, args: readonly string[], signal: AbortSignal): Promise<ProgramOutcome> {
  const outcome = await runProgram(program, { args, env: 'inherited' }, signal);
  if (outcome.how === 'not-found') throw new FailureError(programMissing(program, 'make special files'));
  return outcome;
}
