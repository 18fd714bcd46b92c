import { linkSync } from 'node:fs';
import { execa } from 'execa';
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
  const { exitCode, stderr } = await run('mknod', [place, kind, String(device.major), String(device.minor)], signal);
  if (exitCode === 0) return true;
  if (/Operation not permitted$/.test(stderr)) return false;
  throw new FailureError(programFailed('mknod', 'make a device', stderr));
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
  const { exitCode, stderr } = await run(program, args, signal);
  if (exitCode !== 0) throw new FailureError(programFailed(program, purpose, stderr));
}

async function run(program: string, args: readonly string[], signal: AbortSignal) {
  const { code, exitCode, stderr } = await execa(program, args, {
    env: { LC_ALL: 'C' },
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (code === 'ENOENT') throw new FailureError(programMissing(program, 'make special files'));
  return { exitCode, stderr };
}
