import type { FailureShape, ReasonOf } from '../../result.ts';
import type { Daemon } from './daemon-place.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/exporter': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A tar would replace a directory, or a directory what is not an empty one. */
export function outputExists({
  dest,
  tar,
  isFilled = false,
}: {
  readonly dest: string;
  readonly tar: boolean;
  readonly isFilled?: boolean;
}) {
  return {
    reason: 'output-exists',
    message: tar
      ? `${dest} is a directory, and the output is a tar file`
      : `${dest} is there already, and is not ${isFilled ? 'a directory' : 'an empty directory'}`,
    hint: tar
      ? `name a file, such as ${dest}/image.tar, or write tar=false for a directory`
      : 'name a directory that is empty or not there, or remove it',
  } as const satisfies FailureShape;
}

/** `why` is what the system says, or what is there. */
export function outputUnwritable(dest: string, why: string) {
  return {
    reason: 'output-unwritable',
    message: `${dest} cannot be written: ${why}`,
    hint: 'name another file or directory with dest=',
  } as const satisfies FailureShape;
}

/** A directory stands where the image has a file: nothing of it is removed for that. */
export function directoryInTheWay(path: string) {
  return {
    reason: 'output-exists',
    message: `${path} is a directory, and a file of the image has that name`,
    hint: 'name a directory that is not there yet, or remove it',
  } as const satisfies FailureShape;
}

/** Two platforms have a file of one name, and no directories of their own. */
export function platformsCollide(path: string, [one, other]: readonly [string, string]) {
  return {
    reason: 'platforms-collide',
    message: `/${path} is there for ${one} and for ${other}`,
    hint: 'remove platform-split=false: each platform has a directory then; or build for one of them',
  } as const satisfies FailureShape;
}

/** Nothing answers at its address; `why` is what the system says. */
export function daemonUnreachable({ program, address }: Daemon, why: string) {
  return {
    reason: 'daemon-unreachable',
    message: `${titles[program]} does not answer at ${address}: ${why}`,
    hint: starts[program],
  } as const satisfies FailureShape;
}

/** Its socket is another user's. */
export function daemonForbidden({ program, address }: Daemon) {
  return {
    reason: 'daemon-forbidden',
    message: `this user may not connect to ${titles[program]} at ${address}`,
    hint:
      program === 'docker'
        ? 'add the user to the group docker and log in again, or use --load=podman'
        : "start this user's own socket: systemctl --user start podman.socket",
  } as const satisfies FailureShape;
}

/** The connection broke before it had answered. */
export function daemonWentAway({ program, address }: Daemon) {
  return {
    reason: 'daemon-went-away',
    message: `${titles[program]} at ${address} went away while the image was loaded`,
    hint: 'see what its log says, and run the command again: nothing is built twice',
  } as const satisfies FailureShape;
}

/** It answered with an error. */
export function daemonRefused({ program, address }: Daemon, message: string) {
  return {
    reason: 'daemon-refused',
    message: `${titles[program]} at ${address} did not load the image: ${message}`,
    hint: 'see what its log says; --output type=docker,dest=FILE writes what it was to load',
  } as const satisfies FailureShape;
}

const titles = { docker: 'Docker', podman: 'Podman' } as const;
const starts = {
  docker: 'start it (systemctl start docker), or say with DOCKER_HOST where it listens',
  podman: 'start it (systemctl --user start podman.socket), or say with CONTAINER_HOST where it listens',
} as const;
