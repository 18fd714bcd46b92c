import { z } from 'zod';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';

/** How long images took to build the last time, in milliseconds: for what to start first, and what to promise. */
export class Durations {
  readonly #log: RecordLog<number>;

  constructor(store: Store) {
    this.#log = store.records('build-durations', z.number().nonnegative());
  }

  /** All at once, for decisions that wait for nothing. */
  async read(): Promise<(image: ImageName, platform: Platform) => number | undefined> {
    const known = new Map<string, number>();
    for await (const [key, duration] of this.#log.entries()) known.set(key, duration);
    return (image, platform) => known.get(keyOf(image, platform));
  }

  /** Of a build of these platforms side by side. */
  async record(image: ImageName, platforms: readonly Platform[], duration: number): Promise<void> {
    for (const platform of platforms) await this.#log.append(keyOf(image, platform), Math.round(duration));
  }
}

function keyOf(image: ImageName, platform: Platform): string {
  return `${image} ${formatPlatform(platform)}`;
}
