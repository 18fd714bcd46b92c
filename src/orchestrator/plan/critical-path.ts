import type { ImageName } from '../../project/image-name.ts';
import type { CriticalPath, PlannedImage } from './plan.ts';

/** What a build is taken to last where none is recorded, in milliseconds: only the order of things hangs on it. */
const guess = 60_000;

/** Milliseconds to build an image; its platforms are built side by side. Nothing for what is not built. */
function durationOf(image: PlannedImage): { readonly duration: number; readonly isRecorded: boolean } {
  if (image.action !== 'build') return { duration: 0, isRecorded: true };
  const estimates = image.platforms.filter(({ source }) => source.from === 'build').map(({ estimate }) => estimate);
  return {
    duration: Math.max(...estimates.map((estimate) => estimate ?? guess)),
    isRecorded: estimates.every((estimate) => estimate !== undefined),
  };
}

/** Image → milliseconds from its start to the end of all that is built on it. `images` has parents before children. */
export function remainingDurations(images: readonly PlannedImage[]): ReadonlyMap<ImageName, number> {
  const remaining = new Map<ImageName, number>();
  for (const image of images.toReversed()) {
    const after = image.dependents.map((name) => remaining.get(name) ?? 0);
    remaining.set(image.name, durationOf(image).duration + Math.max(0, ...after));
  }
  return remaining;
}

/** From the image that most has to wait for, along the child that most has to wait for. */
export function criticalPath(images: readonly PlannedImage[]): CriticalPath {
  const remaining = remainingDurations(images);
  const byName = new Map(images.map((image) => [image.name, image]));
  const path: PlannedImage[] = [];
  let next = longest(images, remaining);
  while (next !== undefined) {
    if (next.action === 'build') path.push(next);
    const children = next.dependents.flatMap((name) => byName.get(name) ?? []);
    next = longest(children, remaining);
  }
  return {
    images: path.map(({ name }) => name),
    duration: path.reduce((sum, image) => sum + durationOf(image).duration, 0),
    isRecorded: path.every((image) => durationOf(image).isRecorded),
  };
}

/** undefined where nothing is left that takes time. */
function longest(images: readonly PlannedImage[], remaining: ReadonlyMap<ImageName, number>): PlannedImage | undefined {
  let best: PlannedImage | undefined;
  for (const image of images) {
    const duration = remaining.get(image.name)!;
    if (duration > 0 && (best === undefined || duration > remaining.get(best.name)!)) best = image;
  }
  return best;
}
