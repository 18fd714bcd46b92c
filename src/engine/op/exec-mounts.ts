import { chmod, chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveSource } from '../../context/source-tree.ts';
import { FailureError } from '../../result.ts';
import { agentOf } from '../../ssh/agent-source.ts';
import type { Mount } from '../executor/executor.ts';
import { mountOwnerRefused } from '../executor/failure.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { ActiveSnapshot } from '../snapshot/snapshotter.ts';
import { CacheMount, type CacheMountOp, type CacheSeed, cacheIdentity } from './cache-mount.ts';
import { cacheSeedNotDirectory, type LackingSecret, mountSourceMissing, secretMissing, sshMissing } from './failure.ts';
import type { ExecMount, ExecOp, StepOrigin } from './op-definition.ts';
import type { RunnerServices } from './runner-services.ts';
import { snapshotTree } from './snapshot-tree.ts';

interface Opening {
  readonly op: ExecOp;
  readonly inputs: readonly Snapshot[];
  readonly services: RunnerServices;
  readonly origin: StepOrigin | undefined;
  /** Of the executor that is to run the step. */
  readonly hasMounts: boolean;
}

/** What `RUN --mount` asks for, made ready for one process. Disposing gives caches back and discards writes to binds. */
export class ExecMounts implements AsyncDisposable {
  readonly list: Mount[] = [];
  /** `NAME=value` of secrets that go to the environment. */
  readonly env: string[] = [];
  /** To be masked in the output. */
  readonly secretValues: string[] = [];
  /** Those that the step goes without. */
  readonly lackingSecrets: LackingSecret[] = [];
  /** Ids of agents that the step goes without. */
  readonly lackingAgents: string[] = [];
  /** Sources of mounts that other steps will see. */
  readonly caches = new Set<string>();
  readonly #stack = new AsyncStack();
  readonly #roots = new Map<number, ActiveSnapshot>();
  /** By identity: a step that mounts one cache at two places must not wait for itself. */
  readonly #caches = new Map<string, CacheMount>();

  static async open(opening: Opening, signal: AbortSignal): Promise<ExecMounts> {
    const mounts = new ExecMounts();
    try {
      await mounts.#openCaches(opening, signal);
      for (const mount of opening.op.mounts) await mounts.#add(mount, opening, signal);
      return mounts;
    } catch (error) {
      await mounts[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.dispose();
  }

  async #add(mount: ExecMount, opening: Opening, signal: AbortSignal): Promise<void> {
    switch (mount.type) {
      case 'tmpfs':
        this.list.push({ type: 'tmpfs', target: mount.target, size: mount.size });
        return;
      case 'bind': {
        const source = await this.#pathIn(mount, opening, signal);
        this.list.push({ type: 'bind', source, target: mount.target, readonly: mount.readonly });
        return;
      }
      case 'cache': {
        const cache = this.#caches.get(cacheIdentity(mount, await seedOf(mount, opening, signal)))!;
        this.caches.add(cache.directory);
        this.list.push({ type: 'bind', source: cache.directory, target: mount.target, readonly: mount.readonly });
        return;
      }
      case 'secret':
        return this.#addSecret(mount, opening);
      case 'ssh':
        return this.#addAgent(mount, opening);
      case 'file': {
        await this.#addFile(opening, { ...mount, uid: 0, gid: 0 });
      }
    }
  }

  /** In one order for all steps of all processes, so that no two of them wait for each other's locks. */
  async #openCaches(opening: Opening, signal: AbortSignal): Promise<void> {
    const { services, origin, hasMounts } = opening;
    const wanted = new Map<string, { readonly mount: CacheMountOp; readonly seed: CacheSeed | undefined }>();
    for (const mount of opening.op.mounts) {
      if (mount.type !== 'cache') continue;
      const seed = await seedOf(mount, opening, signal);
      const identity = cacheIdentity(mount, seed);
      const other = wanted.get(identity)?.mount;
      if (other === undefined || strictness[mount.sharing] > strictness[other.sharing])
        wanted.set(identity, { mount, seed });
    }
    for (const identity of [...wanted.keys()].sort()) {
      const cache = await CacheMount.open({ ...wanted.get(identity)!, services, origin, isMoved: !hasMounts }, signal);
      this.#stack.push(cache);
      this.#caches.set(identity, cache);
    }
  }

  async #addSecret(mount: Extract<ExecMount, { type: 'secret' }>, opening: Opening): Promise<void> {
    const { secrets, secretLike } = opening.services;
    const source = Object.hasOwn(secrets, mount.id) ? secrets[mount.id] : undefined;
    if (source === undefined) {
      const lacking = { id: mount.id, meant: secretLike(mount.id) };
      if (mount.required) throw new FailureError(secretMissing(lacking, opening.origin));
      if (mount.env !== undefined) this.env.push(`${mount.env}=`);
      this.lackingSecrets.push(lacking);
      return;
    }
    const value = typeof source === 'string' ? await readFile(source) : Buffer.from(source.value);
    const text = value.toString();
    this.secretValues.push(text.replace(/\n$/, ''), ...text.split('\n'));
    if (mount.env !== undefined) this.env.push(`${mount.env}=${text}`);
    if (mount.target === undefined) return;
    const { target, mode, uid, gid } = mount;
    await this.#addFile(opening, { target, content: value, mode, uid, gid });
  }

  /** The step gets a socket of its own, which is asked for no more than signatures. */
  async #addAgent(mount: Extract<ExecMount, { type: 'ssh' }>, { services, origin }: Opening): Promise<void> {
    const { id, target, uid, gid, mode, required } = mount;
    const source = Object.hasOwn(services.ssh, id) ? services.ssh[id] : undefined;
    if (source !== undefined) {
      this.list.push({ type: 'socket', target, uid, gid, mode, onConnection: await agentOf(source) });
      return;
    }
    if (required) throw new FailureError(sshMissing(id, origin));
    this.lackingAgents.push(id);
  }

  /**
   * A file of our own in memory-backed storage, never on the disk of the store; where nothing can be mounted, the executor writes
   * it into the root for as long as the step runs.
   */
  async #addFile(
    { hasMounts, services }: Opening,
    {
      target,
      ...file
    }: Pick<Mount, 'target'> & {
      readonly content: string | Uint8Array;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    },
  ): Promise<void> {
    // Without a tmpfs, which would stay mounted where no namespace ends.
    if (!hasMounts) {
      this.list.push({ type: 'file', target, ...file });
      return;
    }
    const path = await services.memoryFile();
    await writeFile(path, file.content, { mode: 0o600 });
    await chown(path, file.uid, file.gid).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EINVAL' && error.code !== 'EPERM') throw error;
      throw new FailureError(mountOwnerRefused(target, `${file.uid}:${file.gid}`), { cause: error });
    });
    await chmod(path, file.mode);
    this.list.push({ type: 'bind', source: path, target, readonly: true });
  }

  /** Where a path of an input is on this machine, mounted for this step alone. */
  async #pathIn(
    place: { readonly input: number; readonly source: string },
    opening: Opening,
    signal: AbortSignal,
  ): Promise<string> {
    const { services, inputs, origin } = opening;
    const snapshot = inputs[place.input] ?? scratch;
    const node = await resolveSource(await snapshotTree(services, snapshot, signal), place.source);
    if (!node) throw new FailureError(mountSourceMissing(place.source, origin));
    let root = this.#roots.get(place.input);
    if (!root) {
      root = await (await services.snapshotter()).prepare(snapshot, signal);
      this.#roots.set(place.input, root);
      this.#stack.push(root);
    }
    return join(root.rootfs, node.path);
  }
}

/** Of several ways to share one cache in a step, the strictest counts. */
const strictness = { shared: 0, private: 1, locked: 2 } as const satisfies Record<CacheMountOp['sharing'], number>;

async function seedOf(
  { seed }: CacheMountOp,
  { services, inputs, origin }: Opening,
  signal: AbortSignal,
): Promise<CacheSeed | undefined> {
  if (seed === undefined) return undefined;
  const snapshot = inputs[seed.input] ?? scratch;
  const node = await resolveSource(await snapshotTree(services, snapshot, signal), seed.source);
  if (!node) throw new FailureError(mountSourceMissing(seed.source, origin));
  if (node.type !== 'directory') throw new FailureError(cacheSeedNotDirectory(seed.source, origin));
  return { snapshot, source: seed.source, directory: { ...node, type: 'directory' } };
}

/** Disposes in reverse order. Node 20 has no AsyncDisposableStack. */
class AsyncStack {
  readonly #resources: AsyncDisposable[] = [];

  push(resource: AsyncDisposable): void {
    this.#resources.push(resource);
  }

  async dispose(): Promise<void> {
    for (let resource = this.#resources.pop(); resource; resource = this.#resources.pop()) {
      await resource[Symbol.asyncDispose]();
    }
  }
}
