import type { Progress } from '../../progress.ts';

/** Shows progress on stderr. Nothing of it ever reaches stdout. */
export interface Renderer extends Progress {
  /** A run over these images begins; `title` says what it does. Called at most once. */
  begin(title: string, images: readonly string[]): void;
  /** The last word: whatever moves stands still after this. */
  close(): Promise<void>;
}
