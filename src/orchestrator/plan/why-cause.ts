import type { NodeChange } from '../key/file-change.ts';
import type { UsedAt } from '../key/first-use.ts';
import type { OneSided } from '../key/key-change.ts';
import type { PlanReason } from './plan.ts';

/** The place in a Dockerfile that makes something count: its file as people are shown it. */
export interface CausePlace extends UsedAt {
  readonly file: string;
}

/** One thing by which what an image would be made of differs from what it was made of. `at`: the first instruction that it is for. */
export type WhyCause =
  | (NodeChange & { readonly path: string; readonly at?: CausePlace | undefined })
  | {
      readonly reason: 'instruction-changed';
      readonly at: CausePlace;
      /** What it said, as far as that is remembered and may be shown. */
      readonly before?: string | undefined;
    }
  | { readonly reason: 'instruction-added'; readonly at: CausePlace }
  | {
      readonly reason: 'instruction-removed';
      readonly file: string;
      /** That it had. */
      readonly line?: number | undefined;
      readonly before?: string | undefined;
      /** How many in a row, where that is more than one. */
      readonly count?: number | undefined;
      /** It stands there still, in a stage that is not built any more. */
      readonly isIdle?: true | undefined;
    }
  /** Values are never told: they may be secrets. */
  | {
      readonly reason: 'argument-changed';
      readonly name: string;
      readonly how?: OneSided | undefined;
      readonly at?: CausePlace | undefined;
    }
  /** One that every image is built with, such as `--squash`. */
  | { readonly reason: 'option-changed'; readonly name: string; readonly how?: OneSided | undefined }
  /** `because`: the first thing that changed in the parent, where that is known. */
  | {
      readonly reason: 'parent-changed';
      readonly parent: string;
      readonly how?: OneSided | undefined;
      readonly because?: WhyCause | undefined;
      readonly at?: CausePlace | undefined;
    }
  | {
      readonly reason: 'base-moved';
      readonly reference: string;
      readonly before?: string | undefined;
      readonly after?: string | undefined;
      readonly at?: CausePlace | undefined;
    }
  /** What `# escape=` says, or the backslash. */
  | {
      readonly reason: 'escape-changed';
      readonly file: string;
      readonly before: string;
      readonly after: string;
    }
  | { readonly reason: 'target-changed'; readonly before?: string | undefined; readonly after?: string | undefined }
  /** Neither the store nor the image remembers what the earlier key was made of. */
  | { readonly reason: 'record-gone' }
  /** No version of it was ever here. */
  | { readonly reason: 'never-built'; readonly reference: string }
  /** Whatever else the plan says, in its own words. */
  | { readonly reason: 'planned'; readonly plan: PlanReason };

/** How many of each part of the key are as they were. */
export interface EqualParts {
  readonly instructions: number;
  readonly files: number;
  readonly arguments: number;
  /** Such as `--squash`. */
  readonly options: number;
  readonly parents: number;
  readonly bases: number;
}
