import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, mkdtemp, open } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { Mount, PlainMount, SocketMount } from './executor.ts';
import { mountOwnerRefused } from './failure.ts';

/** The sockets among the mounts of one process, each in a directory of ours. */
export class ListeningSockets implements AsyncDisposable {
  /** All of the mounts in their order; those of sockets as binds. */
  readonly mounts: readonly PlainMount[];
  readonly #directory: string | undefined;
  readonly #sockets: readonly ListeningSocket[];

  private constructor(
    mounts: readonly PlainMount[],
    { directory, sockets }: { readonly directory: string | undefined; readonly sockets: readonly ListeningSocket[] },
  ) {
    this.mounts = mounts;
    this.#directory = directory;
    this.#sockets = sockets;
  }

  /** The directory of theirs is made in `dir`. Throws FailureError. */
  static async open(mounts: readonly Mount[], dir: string): Promise<ListeningSockets> {
    if (mounts.every(isPlain)) return new ListeningSockets(mounts, { directory: undefined, sockets: [] });
    const directory = await mkdtemp(join(dir, 'sockets-'));
    const sockets: ListeningSocket[] = [];
    const plain: PlainMount[] = [];
    try {
      for (const mount of mounts) {
        if (isPlain(mount)) {
          plain.push(mount);
          continue;
        }
        if (mount.type === 'file') throw new Error('a file to be written into a root that things can be mounted in');
        const source = join(directory, `${sockets.length}`);
        sockets.push(await ListeningSocket.open(source, mount));
        plain.push({ type: 'bind', source, target: mount.target, readonly: false });
      }
    } catch (error) {
      await new ListeningSockets([], { directory, sockets })[Symbol.asyncDispose]();
      throw error;
    }
    return new ListeningSockets(plain, { directory, sockets });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) await socket[Symbol.asyncDispose]();
    if (this.#directory !== undefined) await removeTree(this.#directory);
  }
}

function isPlain(mount: Mount): mount is PlainMount {
  return mount.type === 'bind' || mount.type === 'tmpfs';
}

/** One listening socket in the file system; disposing ends its connections, and removes it. */
export class ListeningSocket implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: Set<Socket>;
  readonly #directory: FileHandle;

  private constructor(server: Server, connections: Set<Socket>, directory: FileHandle) {
    this.#server = server;
    this.#connections = connections;
    this.#directory = directory;
  }

  /** Nothing is at `path` yet. Throws FailureError where it cannot have its owner. */
  static async open(
    path: string,
    { target, uid, gid, mode, onConnection }: Omit<SocketMount, 'type'>,
  ): Promise<ListeningSocket> {
    // The address of a socket has 107 bytes, and paths of stores have more.
    const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    const connections = new Set<Socket>();
    const server = createServer((connection) => {
      connections.add(connection);
      connection.once('close', () => connections.delete(connection));
      onConnection(connection);
    });
    const socket = new ListeningSocket(server, connections, directory);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(`/proc/self/fd/${directory.fd}/${basename(path)}`, resolve);
      });
      await chown(path, uid, gid).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EINVAL' && error.code !== 'EPERM') throw error;
        throw new FailureError(mountOwnerRefused(target, `${uid}:${gid}`), { cause: error });
      });
      await chmod(path, mode);
      return socket;
    } catch (error) {
      await socket[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    // It removes the file by the handle.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#directory.close();
  }
}
