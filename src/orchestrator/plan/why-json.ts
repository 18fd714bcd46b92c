import type { Failure } from '../../result.ts';
import { type FailureJson, failureJson } from './failure-json.ts';
import type { ToldCause } from './merge-causes.ts';
import type { EqualParts } from './why-cause.ts';
import type { Why } from './why-image.ts';

/** `cip.why/v1`: causes for programs. Fields are only ever added. */
export interface WhyJson {
  readonly schema: 'cip.why/v1';
  readonly images: readonly {
    readonly name: string;
    readonly version: string;
    readonly platform?: string | undefined;
    readonly action: Why['action'];
    readonly upToDate: boolean;
    /** The first part that differs; null where none does. */
    readonly cause: ToldCause | null;
    /** What differs as well. */
    readonly also: readonly ToldCause[];
    readonly equal?: EqualParts;
  }[];
  readonly failures: readonly FailureJson[];
}

/** What `cip why --json` prints. */
export function whyJson(answers: readonly Why[], failures: readonly Failure[]): WhyJson {
  return {
    schema: 'cip.why/v1',
    images: answers.map(({ image, version, platform, action, causes: [first, ...also], equal }) => ({
      name: image,
      version,
      platform,
      action,
      upToDate: first === undefined,
      cause: first ?? null,
      also,
      ...(equal && { equal }),
    })),
    failures: failures.map((failure) => failureJson(failure)),
  };
}
