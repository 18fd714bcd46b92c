import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly 'registry-server': ReasonOf<typeof import('./failure.ts')>;
  }
}

export function notLoopback(host: string, address: string) {
  return {
    reason: 'not-loopback',
    message: `${host}${host === address ? '' : ` (${address})`} is reachable from other machines, and the registry has no authentication`,
    hint: 'listen on 127.0.0.1, or pass --allow-remote',
  } as const satisfies FailureShape;
}

export function addressInUse(host: string, port: number) {
  return {
    reason: 'address-in-use',
    message: `another program is already listening on ${host}:${port}`,
    hint: `choose another port; --addr ${host}:0 takes a free one`,
  } as const satisfies FailureShape;
}

export function cannotListen(host: string, port: number, why: string) {
  return {
    reason: 'cannot-listen',
    message: `cannot listen on ${host}:${port}: ${why}`,
  } as const satisfies FailureShape;
}

export function storageInUse(storage: string) {
  return {
    reason: 'storage-in-use',
    message: `another registry is already serving ${storage}`,
    hint: 'use that one, or choose another directory with --storage',
  } as const satisfies FailureShape;
}
