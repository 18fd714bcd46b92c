import type { Progress } from '../../progress.ts';

/** Shows progress on stderr. Nothing of it ever reaches stdout. */
export interface Renderer extends Progress {
  /** A run begins. Called at most once. */
  begin(run: Run): void;
  /** The last word: whatever moves stands still after this. */
  close(): Promise<void>;
}

/** What a renderer is told before the first event, to say how much is still to come. */
export interface Run {
  /** What it does: `Building 3 images`. */
  readonly title: string;
  /** Those it is about to work on. */
  readonly images: readonly string[];
  /** The event after which nothing more is to come for an image that went well. */
  readonly lastEvent: 'image-finished' | 'image-pushed';
}
