import { chmod, lchown, lstat, mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { type Failure, FailureError } from '../../result.ts';
import type { PlainMount, ProcessSpec } from './executor.ts';
import { bindSourceMissing, mountTargetInvalid, rootUnusable, workingDirectoryInvalid } from './failure.ts';
import { submountsOf } from './mount-table.ts';
import { type KernelView, readonlyBind } from './namespaces.ts';
import { type Located, RootView } from './root-view.ts';
import { mountStep, type SetupStep } from './setup-step.ts';
import { Stubs } from './stubs.ts';

/**
 * Places to mount on, made ready in a root; disposing takes away what was made for it and is still empty, but for the
 * directories of the kernel, which Docker's builders leave in an image too.
 */
export interface MountPoints extends AsyncDisposable {
  /** Make the mounts that were asked for, in order, with targets below the root. */
  readonly steps: readonly SetupStep[];
}

/**
 * Creates what is missing in `rootfs` (canonical) for /proc, /sys and /dev, for `mounts`, which are those of the process
 * and others, and the working directory.
 * Nothing else may be at work in the root meanwhile.
 */
export async function makeMountPoints(
  rootfs: string,
  {
    process,
    mounts,
  }: {
    readonly process: Pick<ProcessSpec, 'cwd' | 'user'> & { readonly mounts: readonly PlainMount[] };
    readonly mounts: readonly PlainMount[];
  },
  view: Pick<KernelView, 'mounts'>,
): Promise<MountPoints> {
  const maker = new MountPointMaker(rootfs, view);
  try {
    await maker.makeStandard();
    for (const mount of byDepth(mounts)) await maker.make(mount, !process.mounts.includes(mount));
    await maker.makeWorkingDirectory(process);
  } catch (error) {
    await maker.stubs.remove();
    throw error;
  }
  return { steps: maker.steps, [Symbol.asyncDispose]: () => maker.stubs.remove() };
}

/** The upper one first: it would hide the other. */
function byDepth(mounts: readonly PlainMount[]): readonly PlainMount[] {
  const depth = (mount: PlainMount) => posix.resolve('/', mount.target).split('/').length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

/** In every root that a process ran in. */
export const kernelDirectories = ['/proc', '/sys', '/dev'] as const;

/**
 * A directory that is missing in a root: owned by root and 0755, whatever the umask, with what the one above it hands on, the
 * set-group-ID bit. `file` is its path on this machine.
 */
export async function makeLevel(file: string): Promise<void> {
  await mkdir(file);
  await chmod(file, ((await lstat(file)).mode & 0o7000) | 0o755);
}

/** For cache mounts: steps that run at the same time may each want the same name, and one of them makes it. */
const lasting: Pick<Stubs, 'makeDirectory' | 'makeFile'> = {
  makeDirectory: async (path) => void (await unlessThere(makeLevel(path))),
  makeFile: async (path) => void (await unlessThere(makeEmptyFile(path))),
};

async function makeEmptyFile(path: string): Promise<void> {
  await writeFile(path, '', { flag: 'wx' });
  await chmod(path, 0o644);
}

/** False if somebody else has made it meanwhile. */
async function unlessThere(making: Promise<void>): Promise<boolean> {
  try {
    await making;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** These three are taken as they are named; a link in their place would lead elsewhere. Throws FailureError. */
export async function locateKernelDirectory(
  root: RootView,
  target: (typeof kernelDirectories)[number],
): Promise<Located> {
  const unusable = (why: string) => new FailureError(rootUnusable(target, why, 'a directory'));
  const at = await root.locate(target);
  if (typeof at === 'string') throw unusable(at);
  if (at.path !== target) throw unusable('it is a symbolic link');
  if (at.stats !== undefined && !at.stats.isDirectory()) throw unusable('it is not a directory');
  return at;
}

class MountPointMaker {
  readonly steps: SetupStep[] = [];
  readonly stubs: Stubs;
  readonly #rootfs: string;
  readonly #root: RootView;
  readonly #view: Pick<KernelView, 'mounts'>;

  constructor(rootfs: string, view: Pick<KernelView, 'mounts'>) {
    this.#rootfs = rootfs;
    this.#view = view;
    this.#root = new RootView(rootfs);
    this.stubs = new Stubs(rootfs);
  }

  async makeStandard(): Promise<void> {
    for (const target of kernelDirectories) {
      const at = await locateKernelDirectory(this.#root, target);
      if (at.stats === undefined) await makeLevel(at.file!);
      // Nobody looks into the /dev of the machine: the one of the process is another.
      this.#root.add({
        target,
        source: target === '/dev' ? undefined : target,
        creatable: target === '/dev' ? 'for-good' : 'no',
      });
    }
  }

  /** `isOwn`: nobody has chosen the target. */
  async make(mount: PlainMount, isOwn: boolean): Promise<void> {
    const invalid = (why: string) =>
      isOwn ? rootUnusable(mount.target, why, 'a file') : mountTargetInvalid(mount.target, why);
    if (!posix.isAbsolute(mount.target)) throw new FailureError(invalid('it is not an absolute path'));
    const at = await this.#locate(mount.target, invalid);
    if (at.path === '/') throw new FailureError(invalid('it is the root'));
    if (mount.type === 'tmpfs') await this.#makeTmpfs(mount, at, invalid);
    else await this.#makeBind(mount, at, invalid);
  }

  /** Every missing level is 0755 and the user's, and stays. */
  async makeWorkingDirectory({ cwd, user }: Pick<ProcessSpec, 'cwd' | 'user'>): Promise<void> {
    const invalid = (why: string) => workingDirectoryInvalid(cwd, why);
    const at = await this.#locate(cwd, invalid);
    if (at.stats !== undefined && !at.stats.isDirectory())
      throw new FailureError(invalid(`${at.path} is not a directory`));
    for (const level of await this.#missingLevels(at, invalid)) {
      if (level.file === undefined) {
        this.steps.push({ kind: 'make-directory', path: `${this.#rootfs}${level.path}`, uid: user.uid, gid: user.gid });
        continue;
      }
      if (level.on.creatable === 'no') throw new FailureError(invalid(`${level.on.target} is read-only`));
      const made = await unlessThere(makeLevel(level.file));
      if (made) await lchown(level.file, user.uid, user.gid);
    }
  }

  async #makeTmpfs(mount: PlainMount & { type: 'tmpfs' }, at: Located, invalid: Invalid): Promise<void> {
    if (at.stats !== undefined && !at.stats.isDirectory()) throw new FailureError(invalid('it is not a directory'));
    await this.#makeDirectories(at, invalid);
    const size = mount.size === undefined ? [] : [`size=${mount.size}`];
    // As the directory that it covers.
    const mode = at.stats === undefined ? 0o1777 : at.stats.mode & 0o7777;
    this.steps.push(
      mountStep(
        { source: 'tmpfs', target: `${this.#rootfs}${at.path}`, type: 'tmpfs' },
        'nosuid',
        'nodev',
        `mode=${mode.toString(8)}`,
        ...size,
      ),
    );
    this.#root.add({ target: at.path, source: undefined, creatable: 'for-good' });
  }

  async #makeBind(mount: PlainMount & { type: 'bind' }, at: Located, invalid: Invalid): Promise<void> {
    const source = await realpath(mount.source).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new FailureError(bindSourceMissing(mount.source, mount.target), { cause: error });
    });
    const directory = (await stat(source)).isDirectory();
    if (at.stats !== undefined && at.stats.isDirectory() !== directory) {
      throw new FailureError(invalid(directory ? 'it is not a directory' : 'it is a directory, and a file is mounted'));
    }
    await (directory ? this.#makeDirectories(at, invalid) : this.#makeFile(at, invalid));
    const target = `${this.#rootfs}${at.path}`;
    const recursive = submountsOf(this.#view.mounts, source).length > 0 ? 'rbind' : 'bind';
    this.steps.push(
      ...(mount.readonly
        ? readonlyBind(source, target, this.#view)
        : [mountStep({ source, target, type: 'none' }, recursive)]),
    );
    this.#root.add({ target: at.path, source, creatable: mount.readonly ? 'no' : 'for-good' });
  }

  async #locate(path: string, invalid: Invalid): Promise<Located> {
    const located = await this.#root.locate(path);
    if (typeof located === 'string') throw new FailureError(invalid(located));
    return located;
  }

  async #makeFile(at: Located, invalid: Invalid): Promise<void> {
    const parent = await this.#locate(posix.dirname(at.path), invalid);
    await this.#makeDirectories(parent, invalid);
    if (at.stats !== undefined) return;
    if (at.file === undefined) this.steps.push({ kind: 'make-file', path: `${this.#rootfs}${at.path}` });
    else await this.#creator(at, invalid).makeFile(at.file);
  }

  async #makeDirectories(at: Located, invalid: Invalid): Promise<void> {
    for (const level of await this.#missingLevels(at, invalid)) {
      if (level.file === undefined) {
        this.steps.push({ kind: 'make-directory', path: `${this.#rootfs}${level.path}`, uid: 0, gid: 0 });
      } else await this.#creator(level, invalid).makeDirectory(level.file);
    }
  }

  /** Stubs of the root are removed; one in a cache mount stays, since other steps may use it by now. */
  #creator(at: Located, invalid: Invalid): Pick<Stubs, 'makeDirectory' | 'makeFile'> {
    if (at.on.creatable === 'no') {
      throw new FailureError(invalid(`it does not exist, and ${at.on.target} is read-only`));
    }
    return at.on.creatable === 'for-a-while' ? this.stubs : lasting;
  }

  /** Upper ones first. In what is empty until the process starts, every level below the mount is taken as missing. */
  async #missingLevels(at: Located, invalid: Invalid): Promise<readonly Located[]> {
    const levels: Located[] = [];
    for (let level = at; level.stats === undefined && level.path !== level.on.target; ) {
      levels.unshift(level);
      level = await this.#locate(posix.dirname(level.path), invalid);
    }
    return levels;
  }
}

type Invalid = (why: string) => Failure;
