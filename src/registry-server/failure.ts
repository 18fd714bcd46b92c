import type { Failure } from '../result.ts';

export function notLoopback(host: string, address: string) {
  return {
    reason: 'not-loopback',
    message: `the registry has no authentication and would be open to others on ${host}${host === address ? '' : ` (${address})`}`,
    hint: 'listen on 127.0.0.1, or allow remote clients explicitly',
  } as const satisfies Failure;
}

export function addressInUse(host: string, port: number) {
  return {
    reason: 'address-in-use',
    message: `another program listens on ${host}:${port} already`,
    hint: 'choose another port; 0 takes a free one',
  } as const satisfies Failure;
}

export function cannotListen(host: string, port: number, why: string) {
  return {
    reason: 'cannot-listen',
    message: `cannot listen on ${host}:${port}: ${why}`,
  } as const satisfies Failure;
}

export function storageInUse(storage: string) {
  return {
    reason: 'storage-in-use',
    message: `another registry serves ${storage} already`,
    hint: 'use that one, or name another directory',
  } as const satisfies Failure;
}
