import type { FailureShape, ReasonOf } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/cache': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A directory that results are shared by refuses something; `why`: what the system said. The build goes on without it. */
export function sharedDirectoryUnusable(path: string, why: string) {
  return {
    reason: 'shared-directory-unusable',
    message: `${path} cannot be used: ${why}`,
    hint: 'see who owns the directory, and whether its disk is full',
  } as const satisfies FailureShape;
}
