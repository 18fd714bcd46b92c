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
  /** SIGHUP. */
  hungUp: 129,
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;
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

/** Whatever is not in the table is a failure of the work itself. */
function statusOfReason(reason: string): ExitStatus {
  return statusByReason.get(reason) ?? exitStatus.failed;
}

/** The reasons that have a status of their own, in no order. */
export function knownReasons(): readonly string[] {
  return [...statusByReason.keys()];
}

/** Every reason of every room, by the status it leads to; a test compares the table with the code. */
const reasons = {
  /** Only ever told, as notices. */
  done: `
    cascade-finished dangling-link digest-dropped digest-pinned edn-extra-forms equal-prefix floating-reference
    ignored-directory misspelt-key mixed-prefix-widths namesake-elsewhere no-contexts not-an-image problems-elsewhere
    image-like-stage stage-like-image undeclared-registry unused-build-argument version-not-semver
  `,
  failed: `
    argument-not-counted base-not-found cache-seed-not-directory cannot-execute context-not-counted
    archive-entry-impossible copy-onto-directory copy-onto-non-directory corrupt-compression group-unknown
    image-not-counted
    layer-digest-mismatch layer-entry-escapes layer-entry-invalid layer-index-invalid layer-path-too-long
    layer-too-big link-target-missing missing-in-registry mount-source-missing mount-target-invalid
    mounts-unsupported name-not-utf8 not-a-directory not-a-layer platform-missing publish-partial
    reserved-name run-failed run-not-allowed stage-not-counted tar-body-size tar-header-invalid
    tar-header-too-long tar-name-not-utf8 tar-truncated tar-unsupported-type tar-xattr-name too-many-links
    unknown-owner unpack-failed user-unknown working-directory-invalid
  `,
  usage: `
    arguments-after-dashes contradictory-options invalid-build-argument invalid-option-value
    invalid-source-date-epoch invalid-tag missing-command missing-directory missing-option nothing-to-push option-of-other-command option-without-value
    output-exists registry-ca-not-readable registry-empty registry-host-ambiguous registry-malformed registry-scheme-unsupported
    secret-missing secret-not-a-file secret-not-readable unexpected-argument unknown-build-argument unknown-command unknown-option
    unknown-selector unknown-shell unknown-stage
  `,
  differences: 'changed-without-bump different-content stale-reference',
  invalidProject: `
    ambiguous-argument bad-pattern bad-substitution base-name-empty blank-name blanks-in-variable
    cascade-interrupted cascade-journal-damaged conflicting-links copy-source-missing dependency-cycle digest-in-the-way
    digest-invalid digest-unsupported duplicate-directive duplicate-flag duplicate-image-name edn-duplicate
    edn-syntax empty-command empty-continuation empty-instruction empty-negation empty-path empty-platforms
    expansion-too-large flags-without-effect heredoc-as-destination heredoc-with-blanks illegal-version
    info-not-a-map instruction-before-from invalid-chmod invalid-escape invalid-flag-value invalid-from
    invalid-healthcheck invalid-image-name invalid-mount invalid-reference invalid-stage-name invalid-trigger
    invalid-utf8 invalid-value invalid-variant json-not-strings line-too-long missing-arguments missing-contexts
    missing-dockerfile missing-flag-value missing-metadata missing-value missing-version no-instructions no-stage
    dockerfile-unreadable parent-platform-missing not-a-file not-supported nul-character overlapping-edits platform-malformed platform-unknown platform-unsupported
    prefix-contradiction reference-empty reference-is-identifier reference-malformed reference-newer-than-parent
    reference-too-long reference-upper-case required-variable self-reference shell-not-json stage-not-before
    stage-not-yet-defined submodule-not-fetched trigger-not-one-instruction unclear-heredoc undeclared-variant
    uneditable-reference unknown-flag unknown-instruction unknown-parent unraisable-version unreadable
    unresolvable-reference unsupported-flag unsupported-syntax unterminated-heredoc unterminated-quote user-invalid wrong-type
  `,
  environment: `
    address-in-use base-never-seen base-unreachable blob-digest-mismatch blob-missing blob-not-fetchable
    blob-size-mismatch blob-unknown cache-owner-refused cannot-listen context-changing context-unreadable
    credential-helper-failed credentials-withheld disk-full docker-config-invalid document-not-understood
    document-too-large emulation-unavailable emulator-not-static file-changed file-unreadable id-map-refused
    id-not-mapped index-unreadable isolation-limited layers-do-not-match manifest-digest-mismatch mount-refused
    network-unsupported newuidmap-missing newuidmap-refused no-permission no-user-namespaces not-a-registry
    not-a-store not-loopback program-failed program-missing registry-answer-not-understood registry-denied
    registry-redirect-refused registry-refused registry-tls-failed registry-too-slow registry-unreachable
    owners-lost root-ids-missing root-ids-refused sandbox-failed session-missing storage-in-use store-read-only store-version-unknown
    subuid-range-missing system-error tool-missing unwritable worker-died
  `,
  lostRace: `
    cascade-in-progress changed-since-planning image-gone lock-timeout lost-race tag-keeps-moving
  `,
  bug: 'bug',
  interrupted: 'interrupted',
} satisfies Partial<Record<keyof typeof exitStatus, string>>;

const statusByReason = new Map<string, ExitStatus>(
  Object.entries(reasons).flatMap(([status, words]) =>
    words
      .trim()
      .split(/\s+/)
      .map((reason) => [reason, exitStatus[status as keyof typeof reasons]] as const),
  ),
);
