/** One mount of a mount namespace. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export interface MountedFileSystem {
  readonly mountPoint: string;
  /** Of the mount, not of the file system: `ro`, `nosuid`, … */
  readonly options: readonly string[];
  readonly type: string;
}

/** Parses /proc/self/mountinfo; in its order, which is the order of mounting. */
export function parseMountTable(text: string): readonly MountedFileSystem[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      return {
        mountPoint: unescaped(fields[4]!),
        options: fields[5]!.split(','),
        type: fields[fields.indexOf('-', 6) + 1]!,
      };
    });
}

/** The mount that the absolute path is on. Of several at one mount point the last hides the others. */
export function mountOf(table: readonly MountedFileSystem[], path: string): MountedFileSystem | undefined {
  let best: MountedFileSystem | undefined;
  for (const mount of table) {
    if (!isWithin(mount.mountPoint, path)) continue;
    if (best === undefined || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}

/** Mount points strictly below the path, each once, upper ones first. */
export function submountsOf(table: readonly MountedFileSystem[], path: string): readonly string[] {
  const below = table.map((mount) => mount.mountPoint).filter((point) => point !== path && isWithin(path, point));
  return [...new Set(below)].sort();
}

const locking = ['nosuid', 'nodev', 'noexec'];

/**
 * The options a read-only bind of the path has to repeat: in a user namespace the kernel refuses a remount that
 * would drop one it has inherited.
 */
export function lockedOptions(table: readonly MountedFileSystem[], path: string): readonly string[] {
  const options = mountOf(table, path)?.options ?? [];
  return locking.filter((option) => options.includes(option));
}

function isWithin(dir: string, path: string): boolean {
  return dir === '/' || path === dir || path.startsWith(`${dir}/`);
}

/** Blanks and backslashes are octal: `\040`. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
