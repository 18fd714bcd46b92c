/** Where results are shared with other machines. Plain data: it crosses a process border. */
export type CacheAddress =
  | {
      readonly type: 'registry';
      readonly registry: string;
      readonly repository: string;
      /** What the tags of this cache begin with, so that several may be in one repository. */
      readonly scope: string;
    }
  /** An absolute path. */
  | { readonly type: 'local'; readonly directory: string };

/** Caches that are shared: those that are asked, in order, and those that are given what is made. */
export interface SharedCaches {
  readonly from: readonly CacheAddress[];
  readonly to: readonly CacheAddress[];
}
