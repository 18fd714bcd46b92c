import { readFile, realpath } from 'node:fs/promises';

/** Kernels set the time of change of what is written there, and nobody else can. */
const setByKernel = new Set(
  'bcachefs btrfs ceph ext2 ext3 ext4 f2fs jfs nfs nfs4 nilfs2 overlay ramfs tmpfs virtiofs xfs zfs'.split(' '),
);

/** A mount as far as it says what times of change are worth. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
interface Mount {
  /** `major:minor`, as stat(2) has it for most file systems. */
  readonly device: string;
  readonly mountPoint: string;
  readonly tells: boolean;
}

/**
 * Where the time of change tells whether a file is still the one that was read. It does not where a file system comes as a whole,
 * made elsewhere: mounted read-only (squashfs, iso9660, erofs, or any other), or from an image by a loop device. Another one can
 * be there next time, whose files have the same numbers and the same times. Nor does it where it is whatever somebody says.
 */
export class ChangeTimes {
  readonly #mounts: readonly Mount[];
  readonly #known = new Map<string, Promise<boolean>>();

  /** `table` is the text of /proc/self/mountinfo: without one, times tell nothing. */
  constructor(table: string) {
    this.#mounts = table
      .split('\n')
      .filter((line) => line !== '')
      .map(parseMount);
  }

  /** Of the machine as this process sees it now. */
  static async read(): Promise<ChangeTimes> {
    return new ChangeTimes(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
  }

  /** For the files of a device (`major:minor`) that are in the directory. */
  async tell(device: string, directory: string): Promise<boolean> {
    let known = this.#known.get(device);
    if (known === undefined) {
      known = this.#tell(device, directory);
      this.#known.set(device, known);
    }
    return await known;
  }

  async #tell(device: string, directory: string): Promise<boolean> {
    const mounts = this.#mounts.filter((mount) => mount.device === device);
    if (mounts.length > 0) return mounts.every(({ tells }) => tells);
    // A subvolume of btrfs, or a layer of an overlay, has a number that no mount has.
    const path = await realpath(directory).catch(() => directory);
    let best: Mount | undefined;
    for (const mount of this.#mounts) {
      if (!isWithin(mount.mountPoint, path)) continue;
      if (best === undefined || mount.mountPoint.length >= best.mountPoint.length) best = mount;
    }
    return best?.tells ?? false;
  }
}

function parseMount(line: string): Mount {
  const fields = line.split(' ');
  const [type = '', source = '', options = ''] = fields.slice(fields.indexOf('-', 6) + 1);
  const isWhole = options.split(',').includes('ro') || source.startsWith('/dev/loop');
  return {
    device: fields[2]!,
    mountPoint: fields[4]!.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
    tells: setByKernel.has(type) && !isWhole,
  };
}

function isWithin(directory: string, path: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
