import type { Failure, Reason } from '../result.ts';
import { type StatusName, statusByReason } from './status-by-reason.ts';

/** What the process tells whoever started it. Scripts rely on these numbers. */
export const exitStatus = {
  /** Done, or nothing to do. */
  done: 0,
  /** The operation failed for at least one image. */
  failed: 1,
  /** The command line was wrong. */
  usage: 2,
  /** A check found differences. */
  differences: 3,
  /** The project is invalid. */
  invalidProject: 4,
  /** This machine, a registry or a credential does not allow it. */
  environment: 5,
  /** Somebody else changed what was to be changed. */
  lostRace: 6,
  /** A bug of cip's own. */
  bug: 70,
  /** SIGHUP. */
  hungUp: 129,
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const satisfies Record<StatusName | 'hungUp' | 'terminated', number>;
/** One of the statuses of `exitStatus`; the program ends with no other. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Where several apply, the first of these. */
const precedence: readonly ExitStatus[] = [
  exitStatus.invalidProject,
  exitStatus.usage,
  exitStatus.environment,
  exitStatus.lostRace,
  exitStatus.failed,
  exitStatus.differences,
];

/** The status for all of these failures together; done for none. */
export function statusOf(failures: readonly Failure[]): ExitStatus {
  return first(failures.map(({ reason }) => statusOfReason(reason)));
}

/**
 * The same after images were built: what is wrong with the files of one image, which forbids a run, is with `--keep-going`
 * a failure of that image. What the command line or the machine lacks stays what it is, though other images are built: a
 * secret that was not given is given by another command line, and by no other image.
 */
export function statusOfRun(failures: readonly Failure[]): ExitStatus {
  const statuses = failures.map(({ reason }) => statusOfReason(reason));
  return first(statuses.map((status) => (status === exitStatus.invalidProject ? exitStatus.failed : status)));
}

function first(statuses: readonly ExitStatus[]): ExitStatus {
  return precedence.find((status) => statuses.includes(status)) ?? exitStatus.done;
}

/** 128 and the number of the signal, as shells have it; for SIGHUP, SIGINT and SIGTERM. */
export function statusOfSignal(signal: NodeJS.Signals): ExitStatus {
  if (signal === 'SIGHUP') return exitStatus.hungUp;
  return signal === 'SIGTERM' ? exitStatus.terminated : exitStatus.interrupted;
}

/** Whether a failure is of this machine, a registry or a credential, and of nothing that the project says. */
export function isEnvironment({ reason }: Failure): boolean {
  return statusOfReason(reason) === exitStatus.environment;
}

function statusOfReason(reason: Reason): ExitStatus {
  return exitStatus[statusByReason[reason]];
}
