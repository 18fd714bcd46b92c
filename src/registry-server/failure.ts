import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly 'registry-server': ReasonOf<typeof import('./failure.ts')>;
  }
}

/**
 * The server was to listen where other machines reach it, without `allowRemote`; `address` is what `host` resolves to.
 */
export function notLoopback(host: string, address: string) {
  return {
    reason: 'not-loopback',
    message: `${host}${host === address ? '' : ` (${address})`} is reachable from other machines, and the registry has no authentication`,
    hint: 'listen on 127.0.0.1, or pass --allow-remote',
  } as const satisfies FailureShape;
}

/** Listening gave EADDRINUSE. */
export function addressInUse(host: string, port: number) {
  return {
    reason: 'address-in-use',
    message: `another program is already listening on ${host}:${port}`,
    hint: `choose another port; --addr ${host}:0 takes a free one`,
  } as const satisfies FailureShape;
}

/** Listening failed in any other way, or `host` has no address; `why` is the system's message. */
export function cannotListen(host: string, port: number, why: string) {
  return {
    reason: 'cannot-listen',
    message: `cannot listen on ${host}:${port}: ${why}`,
  } as const satisfies FailureShape;
}

/** Another process holds the lock of the directory: two servers would undo each other's uploads. */
export function storageInUse(storage: string) {
  return {
    reason: 'storage-in-use',
    message: `another registry is already serving ${storage}`,
    hint: 'use that one, or choose another directory with --storage',
  } as const satisfies FailureShape;
}
