import { linkSync } from 'node:fs';
import { complaintOf, type ProgramOutcome, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import { programFailed, programMissing } from './failure.ts';
import type { DeviceEntry } from './layer-entry.ts';

/** Absolute paths, of which none exists yet. */
export async function makeFifos(places: readonly string[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < places.length; at += BATCH)
    await mustRun('mkfifo', { args: ['--', ...places.slice(at, at + BATCH)], purpose: 'make a FIFO' }, signal);
}

const BATCH = 500;

/** Whether it could be made: nobody but real root may. `place` is absolute and does not exist yet. */
export async function makeDevice(place: string, device: DeviceEntry, signal: AbortSignal): Promise<boolean> {
  const kind = device.type === 'char-device' ? 'c' : 'b';
  const made = await run('mknod', [place, kind, String(device.major), String(device.minor)], signal);
  if (succeeded(made)) return true;
  if (/Operation not permitted$/.test(complaintOf(made))) return false;
  throw new FailureError(programFailed('mknod', 'make a device', complaintOf(made)));
}

/**
 * Whiteouts of overlayfs at absolute paths that do not exist yet: one device 0/0, and links to it. Any user may make
 * it in a user namespace of its own.
 */
export async function makeWhiteouts(places: readonly string[], signal: AbortSignal): Promise<void> {
  let first: string | undefined;
  for (const place of places) {
    if (first !== undefined && linked(first, place)) continue;
    await mustRun('mknod', { args: [place, 'c', '0', '0'], purpose: 'mark a file as deleted' }, signal);
    first = place;
  }
}

/** false where the file has as many names as the file system allows. */
function linked(first: string, place: string): boolean {
  try {
    linkSync(first, place);
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
