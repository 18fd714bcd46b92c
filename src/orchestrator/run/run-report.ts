import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Failure } from '../../result.ts';
import type { PlannedImage } from '../plan/plan.ts';

/** How a run of a plan ended: one result for each of its images, in its order. */
export interface RunReport {
  readonly results: readonly ImageResult[];
}

/** What became of one image of the plan. */
export type ImageResult = { readonly image: PlannedImage } & ImageOutcome;

/** The ways in which an image of a plan can end. */
export type ImageOutcome =
  /** `content` is in the store; `duration` in milliseconds. Absent content is in the registry only. */
  | { readonly status: 'built' | 'retagged'; readonly content?: Descriptor | undefined; readonly duration: number }
  /** Only names were set: its content was there, and `content` is what they name. */
  | { readonly status: 'tagged'; readonly content: Descriptor }
  /** There was nothing to do, or nothing is done about it; the plan says why. */
  | { readonly status: 'untouched' }
  | { readonly status: 'failed'; readonly failures: readonly Failure[] }
  /** It is built from `by`, which failed. */
  | { readonly status: 'blocked'; readonly by: ImageName }
  /** Its content is in the store, but the registry was lost before it was sent. */
  | { readonly status: 'unsent' }
  /** The run ended before it was begun. */
  | { readonly status: 'not-started' }
  | { readonly status: 'cancelled' };

/** Whether every image is as the plan wants it. */
export function isComplete({ results }: RunReport): boolean {
  const complete: readonly ImageOutcome['status'][] = ['built', 'retagged', 'tagged', 'untouched'];
  return results.every(({ status }) => complete.includes(status));
}
