import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Reads the files that failures point into; they are named from the directory cip was started in. */
export function sourceReader(cwd: string): (file: string) => string | undefined {
  return (file) => {
    try {
      return readFileSync(resolve(cwd, file), 'utf8');
    } catch {
      // An excerpt is an extra: the failure names the place in any case.
      return undefined;
    }
  };
}
