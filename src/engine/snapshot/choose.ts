import { failuresOf } from '../../result.ts';
import { CopySnapshotter } from './copy.ts';
import { OverlaySnapshotter, type SnapshotterOptions } from './overlay.ts';
import { scratch } from './snapshot.ts';
import type { Snapshotter } from './snapshotter.ts';

/** `overlay` if this kernel mounts one on the store's file system, else `copy`, which is told to whoever watches. */
export async function chooseSnapshotter(
  options: SnapshotterOptions & { readonly notice: (message: string) => void },
  signal: AbortSignal,
): Promise<Snapshotter> {
  const overlay = new OverlaySnapshotter(options);
  try {
    await (await overlay.prepare(scratch, signal))[Symbol.asyncDispose]();
    return overlay;
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure?.reason !== 'mount-refused') throw error;
    options.notice(`${failure.message}; files are copied for each RUN instead, which is slower`);
    return new CopySnapshotter(options);
  }
}
