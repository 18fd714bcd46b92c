import { runProgram, succeeded } from '../program/run-program.ts';
import type { Xattrs } from './read-xattrs.ts';

/**
 * Sets extended attributes of paths below `root`, links not followed, by one run of `setfattr`, since Node cannot.
 * Returns the paths that did not get all of theirs: because the program is missing, the file system has none, or this
 * user may not.
 */
export async function writeXattrs(
  root: string,
  byPath: ReadonlyMap<string, Xattrs>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (byPath.size === 0) return [];
  const args = ['--no-dereference', '--restore=-'];
  const run = { args, cwd: root, input: dumpOf(byPath), env: 'inherited', keptStderr: COMPLAINTS } as const;
  const written = await runProgram('setfattr', run, signal);
  if (succeeded(written)) return [];
  // It goes on after a failure and names the file in each.
  const complaints = written.stderr.split('\n').map((line) => /^setfattr: (.*): [^:]*$/.exec(line)?.[1]);
  const named = new Set(complaints);
  const skipped = [...byPath.keys()].filter((path) => named.has(path) || named.has(quoted(path)));
  return skipped.length > 0 ? skipped : [...byPath.keys()];
}

/** Bytes: a line for each of the most attributes that a layer can have. What is over is cut. */
const COMPLAINTS = 400_000_000;

/** The form of `getfattr --dump`. */
function* dumpOf(byPath: ReadonlyMap<string, Xattrs>): Generator<string, void, undefined> {
  for (const [path, xattrs] of byPath) {
    let dump = `# file: ${quoted(path)}\n`;
    for (const [name, value] of Object.entries(xattrs)) dump += `${quoted(name).replaceAll('=', '\\075')}=0s${value}\n`;
    yield `${dump}\n`;
  }
}

function quoted(text: string): string {
  return text.replaceAll(/[\\\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
