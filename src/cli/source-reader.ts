import { resolve } from 'node:path';
import { readRegularFileSync } from '../read-regular-file.ts';

/**
 * Lines of the files that failures point into; they are named from the directory cip was started in. A file is read once
 * for all failures in a row that are about it.
 */
export function sourceReader(cwd: string): (file: string) => readonly string[] | undefined {
  let last: { readonly file: string; readonly lines: readonly string[] | undefined } | undefined;
  return (file) => {
    if (last?.file !== file) last = { file, lines: linesOf(resolve(cwd, file)) };
    return last.lines;
  };
}

function linesOf(path: string): readonly string[] | undefined {
  try {
    return readRegularFileSync(path).toString().split(/\r?\n/);
  } catch {
    // An excerpt is an extra: the failure names the place in any case.
    return undefined;
  }
}
