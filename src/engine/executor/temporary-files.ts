import type { BigIntStats, Stats } from 'node:fs';
import { chmod, lchown, lstat, mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { FileMount, PlainMount, ProcessSpec, SocketMount } from './executor.ts';
import { mountTargetInvalid, rootUnusable, sandboxFailed, workingDirectoryInvalid } from './failure.ts';
import { restoreTimes } from './file-times.ts';
import { inOrder, isWithin } from './lending-order.ts';
import { LentFile } from './lent-file.ts';
import { LentSource } from './lent-source.ts';
import { ListeningSocket } from './listening-sockets.ts';
import { kernelDirectories, locateKernelDirectory, makeLevel } from './mount-points.ts';
import { PutAway } from './put-away.ts';
import { type Located, RootView } from './root-view.ts';
import { Stubs } from './stubs.ts';
import type { ExecutorTools } from './tools.ts';

/** Character devices: name → major and minor number. https://docs.kernel.org/admin-guide/devices.html */
const devices = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
} as const;

/** Of what the kernel has there. */
const modes = { '/proc': 0o555, '/sys': 0o555, '/dev': 0o755 } satisfies Record<
  (typeof kernelDirectories)[number],
  number
>;

interface Emptied {
  readonly directory: string;
  /** What was in it and is away by now. */
  readonly taken: string[];
  /** Whether that is all. */
  isEmpty: boolean;
  readonly before: BigIntStats;
}

/**
 * What a process needs to find in its root, put there for a while where nothing can be mounted. As under a mount, what the
 * image has in those places is hidden, and is as it was once this is disposed, whatever the process did there.
 */
export class TemporaryFiles implements AsyncDisposable {
  readonly #rootfs: string;
  readonly #root: RootView;
  readonly #stubs: Stubs;
  readonly #away: PutAway;
  readonly #emptied: Emptied[] = [];
  readonly #sockets: ListeningSocket[] = [];
  readonly #files: LentFile[] = [];
  readonly #lent: { readonly path: string; readonly lent: LentSource }[] = [];
  readonly #tools: Pick<ExecutorTools, 'cp'>;

  /** `rootfs` is canonical. */
  constructor(rootfs: string, tools: Pick<ExecutorTools, 'cp'>) {
    this.#rootfs = rootfs;
    this.#root = new RootView(rootfs);
    this.#stubs = new Stubs(rootfs);
    this.#away = new PutAway(rootfs, tools);
    this.#tools = tools;
  }

  /** As where they can be mounted on; empty. Throws FailureError. */
  async makeKernelDirectories(): Promise<void> {
    const found = await Promise.all(kernelDirectories.map((target) => locateKernelDirectory(this.#root, target)));
    for (const { file, stats } of found) if (stats === undefined) await makeLevel(file!);
    for (const target of kernelDirectories) {
      const directory = `${this.#rootfs}${target}`;
      const before = await lstat(directory, { bigint: true });
      const emptied: Emptied = { directory, taken: [], isEmpty: false, before };
      this.#emptied.push(emptied);
      for (const name of await readdir(directory)) {
        const file = join(directory, name);
        await this.#away.take(file);
        emptied.taken.push(file);
      }
      emptied.isEmpty = true;
      await lchown(directory, 0, 0);
      await chmod(directory, modes[target]);
    }
  }

  /** In the empty /dev. Throws FailureError. */
  async makeDevices(): Promise<void> {
    for (const [name, [major, minor]] of Object.entries(devices)) {
      const file = `${this.#rootfs}/dev/${name}`;
      const made = await runProgram('mknod', { args: [file, 'c', `${major}`, `${minor}`], env: 'inherited' });
      if (!succeeded(made)) throw new FailureError(sandboxFailed(complaintOf(made)));
      await chmod(file, 0o666);
    }
  }

  /** Gives a file another content for a while. Throws FailureError. */
  async lendFile(path: string, text: string): Promise<void> {
    const at = await this.#located(path);
    if (at.stats?.isDirectory()) throw new FailureError(rootUnusable(path, 'it is a directory', 'a file'));
    // A link to a device, which stays one for others.
    if (at.stats !== undefined && kernelDirectories.some((directory) => at.path.startsWith(`${directory}/`))) return;
    await this.#stubs.lendFile(at.file!, text, this.#away);
  }

  /** In place of what is there, which is away meanwhile. Throws FailureError. */
  async lendOne(mount: SocketMount | FileMount): Promise<void> {
    const invalid = (why: string) => new FailureError(mountTargetInvalid(mount.target, why));
    const at = await this.#root.locate(mount.target);
    if (typeof at === 'string') throw invalid(at);
    if (at.stats?.isDirectory()) throw invalid('it is a directory, and a file is mounted');
    const { file } = await this.#located(mount.target);
    const make = async () =>
      mount.type === 'socket'
        ? this.#sockets.push(await ListeningSocket.open(file!, mount))
        : this.#files.push(await LentFile.write(file!, mount));
    await this.#stubs.lend(file!, this.#away, { make });
  }

  /** What cannot be mounted is moved into the root, and back when the process has ended. Throws FailureError. */
  async lendMounts(mounts: readonly PlainMount[]): Promise<void> {
    for (const mount of await inOrder(mounts)) {
      const invalid = (why: string) => new FailureError(mountTargetInvalid(mount.target, why));
      if (!posix.isAbsolute(mount.target)) throw invalid('it is not an absolute path');
      const at = await this.#root.locate(mount.target);
      if (typeof at === 'string') throw invalid(at);
      if (at.path === '/') throw invalid('it is the root');
      if (/^\/(proc|sys)\//.test(at.path)) throw invalid(`${at.path} is the kernel’s`);
      // Devices stay in sight there, as under a mount of ours.
      if (mount.type === 'tmpfs' && at.path === '/dev') continue;
      const { isDirectory } = mount;
      if (at.stats !== undefined && at.stats.isDirectory() !== isDirectory) {
        throw invalid(isDirectory ? 'it is not a directory' : 'it is a directory, and a file is mounted');
      }
      const { file } = await this.#located(mount.target);
      await (mount.type === 'tmpfs'
        ? this.#lendEmpty(file!, at.stats)
        : this.#lendSource(file!, at.path, mount.source));
    }
  }

  /** As the directory that it hides. */
  async #lendEmpty(file: string, hidden: Stats | undefined): Promise<void> {
    const make = async () => {
      await mkdir(file);
      // Not what it has of the directory above it, as set-group-ID would have it.
      await lchown(file, 0, 0);
      await chmod(file, hidden === undefined ? 0o1777 : hidden.mode & 0o7777);
    };
    await this.#stubs.lend(file, this.#away, { make });
  }

  /** What is in one that is there already is there by a link. */
  async #lendSource(file: string, path: string, source: string): Promise<void> {
    const other = this.#lent.find((one) => isWithin(source, one.lent.source));
    if (other !== undefined) {
      if (other.path === path && other.lent.source === source) return;
      const target = posix.join(other.path, source.slice(other.lent.source.length));
      await this.#stubs.lend(file, this.#away, { make: () => symlink(target, file) });
      return;
    }
    let lent: LentSource | undefined;
    const make = async () => {
      lent = await LentSource.lend(source, file, this.#tools);
      this.#lent.push({ path, lent });
    };
    await this.#stubs.lend(file, this.#away, { make, takeBack: async () => lent?.giveBack() });
  }

  /** It stays. Throws FailureError. */
  async makeWorkingDirectory({ cwd, user }: Pick<ProcessSpec, 'cwd' | 'user'>): Promise<void> {
    const missing: Located[] = [];
    let at = await this.#root.locate(cwd);
    while (typeof at !== 'string' && at.stats === undefined) {
      missing.unshift(at);
      at = await this.#root.locate(dirname(at.path));
    }
    if (typeof at === 'string') throw new FailureError(workingDirectoryInvalid(cwd, at));
    if (!at.stats?.isDirectory()) throw new FailureError(workingDirectoryInvalid(cwd, `${at.path} is not a directory`));
    for (const { file } of missing) {
      await makeLevel(file!);
      await lchown(file!, user.uid, user.gid);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.splice(0)) await socket[Symbol.asyncDispose]();
    for (const file of this.#files) await file.empty();
    await this.#stubs.remove();
    // Where the process moved one, or the directory above it.
    for (const file of this.#files.splice(0)) await file.remove();
    // Those whose place in the root was moved.
    for (const { lent } of this.#lent.splice(0).reverse()) await lent.giveBack();
    for (const { directory, taken, isEmpty, before } of this.#emptied.splice(0)) {
      if (isEmpty) await emptyDirectory(directory);
      for (const file of taken) await this.#away.giveBack(file);
      await lchown(directory, Number(before.uid), Number(before.gid));
      await chmod(directory, Number(before.mode & 0o7777n));
      await restoreTimes(directory, before);
    }
    await this.#away[Symbol.asyncDispose]();
  }

  /** With the directories above it made where they are missing: above where it leads, if it is a link. */
  async #located(path: string): Promise<Located> {
    const at = await this.#root.locate(path);
    if (typeof at === 'string') throw new FailureError(rootUnusable(path, at, 'a file'));
    if (at.stats !== undefined) return at;
    const parent = await this.#located(dirname(at.path));
    if (parent.stats === undefined) await this.#stubs.makeDirectory(parent.file!);
    return at;
  }
}

/** Makes it anew where the process has put something else in its place; a link there is not followed. */
async function emptyDirectory(directory: string): Promise<void> {
  const stats = await lstat(directory).catch(() => undefined);
  if (!stats?.isDirectory()) {
    await removeTree(directory);
    await mkdir(directory);
  }
  for (const name of await readdir(directory)) await removeTree(join(directory, name));
}
