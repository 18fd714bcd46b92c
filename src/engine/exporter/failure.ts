import type { FailureShape, ReasonOf } from '../../result.ts';

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
    message: `--output cannot be written to ${dest}: ${why}`,
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
