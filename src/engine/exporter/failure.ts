import type { FailureShape, ReasonOf } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/exporter': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** `dest` has content, and no earlier output is known to be what is there. */
export function outputExists(dest: string) {
  return {
    reason: 'output-exists',
    message: `${dest} is there already, and is not what would be replaced`,
    hint: 'name a directory that is empty or not there, or remove it',
  } as const satisfies FailureShape;
}

/** `why` is what the system says, or what is there. */
export function outputUnwritable(dest: string, why: string) {
  return {
    reason: 'output-unwritable',
    message: `--output cannot be written to ${dest}: ${why}`,
    hint: 'name another file with --output type=oci,dest=FILE',
  } as const satisfies FailureShape;
}
