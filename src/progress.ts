/**
 * What happened, in order. Rooms emit; cli/render/ alone decides how it looks.
 * Durations in milliseconds, sizes in bytes. `image` names the image of the project that the event belongs to,
 * `platform` is `linux/amd64`, and `step` identifies a step within one build.
 */
export type ProgressEvent =
  | {
      readonly type: 'image-started';
      readonly image: string;
      readonly platforms: readonly string[];
      readonly why: string;
    }
  | { readonly type: 'image-skipped'; readonly image: string; readonly why: string }
  | { readonly type: 'image-finished'; readonly image: string; readonly digest: string; readonly duration: number }
  | { readonly type: 'image-failed'; readonly image: string; readonly message: string }
  | { readonly type: 'image-pushed'; readonly image: string; readonly reference: string; readonly digest: string }
  | {
      readonly type: 'step-started';
      readonly image?: string;
      readonly platform?: string;
      readonly step: string;
      readonly name: string;
    }
  | {
      readonly type: 'step-cached';
      readonly image?: string;
      readonly platform?: string;
      readonly step: string;
      readonly name: string;
    }
  | {
      readonly type: 'step-output';
      readonly image?: string;
      readonly step: string;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | { readonly type: 'step-finished'; readonly image?: string; readonly step: string; readonly duration: number }
  | {
      readonly type: 'blob-progress';
      readonly image?: string;
      readonly digest: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'notice'; readonly image?: string; readonly message: string }
  | { readonly type: 'warning'; readonly image?: string; readonly message: string };

export interface Progress {
  emit(event: ProgressEvent): void;
}

/** Swallows everything: for callers that do not show progress. */
export const silent: Progress = { emit() {} };
