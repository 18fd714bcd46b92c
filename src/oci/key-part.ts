import { digestOf } from './digest.ts';

/**
 * One of the things that a key is made of, under the name by which people are told that it differs. The value is a short digest,
 * unless nothing in it can be a secret.
 */
export type KeyPart = readonly [label: string, value: string];

/** 12 hex digits: enough to tell that two values differ, and too little to be a name. */
export function shortDigestOf(text: string): string {
  return digestOf(text).slice('sha256:'.length, 'sha256:'.length + 12);
}
