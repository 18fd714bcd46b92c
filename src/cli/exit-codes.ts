import type { Failure } from '../result.ts';

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
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;
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
  const statuses = new Set(failures.map(({ reason }) => statusOfReason(reason)));
  return precedence.find((status) => statuses.has(status)) ?? exitStatus.done;
}

export function statusOfSignal(signal: NodeJS.Signals): ExitStatus {
  return signal === 'SIGTERM' ? exitStatus.terminated : exitStatus.interrupted;
}

/** Whatever is not in the table is a failure of the work itself. */
function statusOfReason(reason: string): ExitStatus {
  return statusByReason.get(reason) ?? exitStatus.failed;
}

/** Every reason of every room; a test compares it with the code. */
const reasons: Readonly<Partial<Record<keyof typeof exitStatus, readonly string[]>>> = {
  usage: [],
};

const statusByReason = new Map(
  Object.entries(reasons).flatMap(([status, list]) =>
    list.map((reason) => [reason, exitStatus[status as keyof typeof exitStatus]] as const),
  ),
);
