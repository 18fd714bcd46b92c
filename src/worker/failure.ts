import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly worker: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** `said` is what unshare(1) answered; `remedies` are commands or settings, most likely first. */
export function noUserNamespaces(said: string, remedies: readonly string[]) {
  return {
    reason: 'no-user-namespaces',
    message: 'this machine gives no user namespace to build in',
    hint: remedies.join('; or '),
    details: said.trim().split('\n'),
  } as const satisfies FailureShape;
}

/**
 * Every plan of `planIds` was tried and failed; `said` has what the system said of each, a line each. Root lacks
 * capabilities for it; `remedies` are for others, most likely first.
 */
export function idMapRefused(said: string, user: 'root' | { readonly remedies: readonly string[] }) {
  return {
    reason: 'id-map-refused',
    message: 'the kernel refused every map of user ids for the namespace to build in',
    hint:
      user === 'root' ? 'root needs the capabilities SETUID, SETGID and SETFCAP for it' : user.remedies.join('; or '),
    details: said.trim().split('\n'),
  } as const satisfies FailureShape;
}

/** `first`: an id from which on a range is nobody's yet. */
export function subuidRangeMissing(user: string, first: number) {
  const range = `${first}-${first + 65_535}`;
  return {
    reason: 'subuid-range-missing',
    message: `${user} has no range of ids in /etc/subuid and /etc/subgid: what RUN steps make belongs to root, and they run as root only`,
    hint: `sudo usermod --add-subuids ${range} --add-subgids ${range} ${user}`,
  } as const satisfies FailureShape;
}

/**
 * A warning, not an end: there is a range in /etc/subuid but no set-user-ID program to map it, so only root exists
 * inside.
 */
export function idMapHelpersMissing() {
  return {
    reason: 'newuidmap-missing',
    message:
      'newuidmap and newgidmap are not installed: what RUN steps make belongs to root, and they run as root only',
    hint: 'install uidmap (Debian, Ubuntu) or shadow-utils (Fedora) or shadow-subids (Alpine)',
  } as const satisfies FailureShape;
}

/** A warning: newuidmap ran and failed; `said` is its standard error. */
export function idMapHelpersRefused(said: string) {
  return {
    reason: 'newuidmap-refused',
    message: `newuidmap could not map the ids of /etc/subuid: ${said.trim() || 'it gave no reason'}; what RUN steps make belongs to root, and they run as root only`,
    hint: 'newuidmap and newgidmap have to be set-user-ID root (or have the capabilities cap_setuid and cap_setgid), and the ranges in /etc/subuid and /etc/subgid to belong to this user',
  } as const satisfies FailureShape;
}

/** A warning: newuidmap is set-user-ID root, which has no effect for this process and all it starts (prctl(2)). */
export function helpersWithoutPrivileges() {
  return {
    reason: 'no-new-privileges',
    message:
      'newuidmap may not map the ids of /etc/subuid, because cip was started with no_new_privs: what RUN steps make belongs to root, and they run as root only',
    hint: 'start cip without it: no --security-opt no-new-privileges (Docker, Podman), allowPrivilegeEscalation: true (Kubernetes), NoNewPrivileges=no (systemd)',
  } as const satisfies FailureShape;
}

/** A warning: newuidmap serves those only whose group is the one of their account (newgrp(1), sg(1), setpriv(1)). */
export function accountGroupLeft({ name, gid, accountGid }: { name: string; gid: number; accountGid: number }) {
  return {
    reason: 'account-group-left',
    message: `newuidmap does not map the ids of /etc/subuid, because cip was started with group ${gid}, and the primary group of ${name} is ${accountGid}: what RUN steps make belongs to root, and they run as root only`,
    hint: `start cip with group ${accountGid}, for example: sg "$(id -gn ${name})" -c 'cip build'`,
  } as const satisfies FailureShape;
}

/** The last plan of an ordinary user, a map of its own id only, was refused; `said` is the error code. */
export function ownIdRefused(said: string) {
  return {
    reason: 'own-id-refused',
    message: `this user may not map its own id (${said})`,
  } as const satisfies FailureShape;
}

/** A warning: writing the map of a whole range was refused to root itself; `said` is the error code. */
export function rootIdsRefused(said: string) {
  return {
    reason: 'root-ids-refused',
    message: `root may not map the ids of this machine (${said}): what RUN steps make belongs to root, and they run as root only`,
    hint: 'give the process the capabilities SETUID, SETGID and SETFCAP, which are among the defaults of containers',
  } as const satisfies FailureShape;
}

/** A warning: this root is that of a namespace too small to give steps the usual 65536 ids. */
export function idsOfRootMissing() {
  return {
    reason: 'root-ids-missing',
    message: 'root has fewer than 65536 ids here: what RUN steps make belongs to root, and they run as root only',
    hint: 'start this with a range of ids: a container with a map of 65536 ids, or unshare(1) with --map-auto',
  } as const satisfies FailureShape;
}

/** `name` is `unshare` or another program that starts the worker, `from` the package that has it. */
export function namespaceToolMissing(name: string, from: string) {
  return {
    reason: 'tool-missing',
    message: `the program ${name} is needed to enter a user namespace and is not on PATH`,
    hint: `install ${from}`,
  } as const satisfies FailureShape;
}

/** The process that builds ended by itself, or was killed. `said` is the end of what it wrote to standard error. */
export function workerDied(how: string, said: string) {
  return {
    reason: 'worker-died',
    message: `the process that builds images ended unexpectedly (${how})`,
    hint: 'if it was killed for lack of memory, build fewer images at once (-j)',
    ...(said.trim() === '' ? {} : { details: said.trim().split('\n') }),
  } as const satisfies FailureShape;
}

/** EMFILE or ENFILE in the worker; `said` names the call, and the file if there is one. */
export function workerFilesExhausted(said: string) {
  return {
    reason: 'too-many-open-files',
    message: `the limit of open files is reached: ${said}`,
    hint: 'raise it (ulimit -n 4096; Docker: --ulimit nofile=4096; systemd: LimitNOFILE=4096), or build fewer images at once (-j 1)',
  } as const satisfies FailureShape;
}
