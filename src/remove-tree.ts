import { chmodSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what is at `path` with all below it; nothing there is no failure. A tree may be as deep as a process can make
 * it, which is deeper than a path can say and than Node's own removal can follow. Throws what the system says.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    removeFlat(path);
  }
}

/** The same at once. */
export function removeTreeSync(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    removeFlat(path);
  }
}

function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG';
}

/** Every directory is moved up to right below `top` before it is looked into, so that no path grows. */
function removeFlat(top: string): void {
  const ahead: string[] = [];
  let count = 0;
  const nextName = () => {
    count += 1;
    return join(top, `.removed-${count}`);
  };
  const empty = (directory: string) => {
    // Of whoever owns it, or this fails below with what is wrong.
    chmodSync(directory, 0o700);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const place = join(directory, entry.name);
      if (!entry.isDirectory()) {
        unlinkSync(place);
        continue;
      }
      chmodSync(place, 0o700);
      ahead.push(moved(place, nextName));
    }
  };
  empty(top);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    empty(next);
    rmdirSync(next);
  }
  rmdirSync(top);
}

/** Renaming a directory takes the place of an empty one only; a name that is taken by anything else is passed over. */
function moved(place: string, nextName: () => string): string {
  for (;;) {
    const name = nextName();
    try {
      renameSync(place, name);
      return name;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    }
  }
}
