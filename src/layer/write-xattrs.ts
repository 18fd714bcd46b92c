import { execa } from 'execa';
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
  const { code, exitCode, stderr } = await execa('setfattr', ['--no-dereference', '--restore=-'], {
    cwd: root,
    input: dumpOf(byPath),
    env: { LC_ALL: 'C' },
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (code === 'ENOENT') return [...byPath.keys()];
  if (exitCode === 0) return [];
  // It goes on after a failure and names the file in each.
  const skipped = [...byPath.keys()].filter(
    (path) => stderr.includes(`setfattr: ${path}: `) || stderr.includes(`setfattr: ${quoted(path)}: `),
  );
  return skipped.length > 0 ? skipped : [...byPath.keys()];
}

/** The form of `getfattr --dump`. */
function dumpOf(byPath: ReadonlyMap<string, Xattrs>): string {
  let dump = '';
  for (const [path, xattrs] of byPath) {
    dump += `# file: ${quoted(path)}\n`;
    for (const [name, value] of Object.entries(xattrs)) dump += `${quoted(name).replaceAll('=', '\\075')}=0s${value}\n`;
    dump += '\n';
  }
  return dump;
}

function quoted(text: string): string {
  return text.replaceAll(/[\\\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
