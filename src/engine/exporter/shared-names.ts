import { FailureError } from '../../result.ts';
import type { TarHeader } from '../../tar/header.ts';
import { platformsCollide } from './failure.ts';

/** The names of one tree that several platforms have their files in. */
export class SharedNames {
  readonly #taken = new Map<string, { readonly platform: string; readonly isDirectory: boolean }>();

  /** False for a directory that is there already. Throws FailureError `platforms-collide` for all else that is. */
  take({ name, type }: Pick<TarHeader, 'name' | 'type'>, platform: string): boolean {
    const path = name.replace(/\/$/, '');
    const isDirectory = type === 'directory';
    const there = this.#taken.get(path);
    if (there === undefined) {
      this.#taken.set(path, { platform, isDirectory });
      return true;
    }
    if (there.isDirectory && isDirectory) return false;
    throw new FailureError(platformsCollide(path, [there.platform, platform]));
  }
}
