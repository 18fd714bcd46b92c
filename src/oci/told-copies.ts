import type { Progress } from '../progress.ts';
import type { CopyProgress } from './copy-graph.ts';

/** Tells how far the blobs of an image are on their way. */
export function toldCopies(progress: Progress, image: string): (copied: CopyProgress) => void {
  return ({ descriptor: { digest, size }, state, done }) =>
    progress.emit({
      type: 'blob-progress',
      image,
      digest,
      done,
      total: size,
      state,
    });
}
