import { availableParallelism, userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Builder } from '../builder.ts';
import type { CacheAddress } from '../engine/cache/cache-address.ts';
import { findEmulators } from '../engine/executor/emulation.ts';
import { toolMissing } from '../engine/executor/failure.ts';
import type { Terminals } from '../engine/executor/terminal.ts';
import { findTools } from '../engine/executor/tools.ts';
import type { OwnersHere } from '../orchestrator/plan/owners-here.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { ownersHere } from '../worker/owners-here.ts';
import { WorkerBuilder, type WorkerBuilderOptions } from '../worker/worker-builder.ts';
import { isInContainer } from './in-container.ts';
import type { OptionValues } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** Settings of the machine that steps see: nothing else of the environment reaches a build. */
const passedOn = /^(https?_proxy|ftp_proxy|no_proxy|all_proxy)$/i;

/** What a builder is made from, besides the options about isolation. */
export interface BuilderSurroundings {
  readonly store: Store;
  readonly registry: RegistryOptions;
  readonly surroundings: Surroundings;
  /** Lent to a step that fails. */
  readonly terminals?: Terminals | undefined;
}

/** The embedded engine in a worker process of its own, which starts with the first build. */
export async function createBuilder(
  {
    isolation = 'auto',
    requireIsolation,
    onFail,
    cacheFrom = [],
    cacheTo = [],
  }: Partial<OptionValues<'isolation' | 'requireIsolation' | 'onFail' | 'cacheFrom' | 'cacheTo'>>,
  { store, registry, surroundings, terminals }: BuilderSurroundings,
): Promise<Builder> {
  const { env, cwd } = surroundings;
  const absolute = (address: CacheAddress): CacheAddress =>
    address.type === 'local' ? { ...address, directory: resolve(cwd, address.directory) } : address;
  const path = env['PATH'] ?? '';
  const [tools, emulators] = await Promise.all([findTools(path), findEmulators(path)]);
  if (onFail === 'shell' && tools.script === undefined)
    throw new FailureError(toolMissing('script', 'bsdutils (part of util-linux)'));
  const options: WorkerBuilderOptions = {
    engine: {
      storeDir: store.paths.root,
      sessionDir: store.session.path,
      registry,
      emulators,
      tools,
      concurrency: availableParallelism(),
      requireIsolation,
      onFail,
      caches: { from: cacheFrom.map(absolute), to: cacheTo.map(absolute) },
      env: Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) => (passedOn.test(name) && value ? [[name, value]] : [])),
      ),
    },
    terminals,
    user: userOf(),
    isolation,
    inContainer: isInContainer(env),
    env: { PATH: path, ...(env['HOME'] && { HOME: env['HOME'] }) },
  };
  return new WorkerBuilder(options);
}

/** Whether RUN steps keep the owners of files here, in the isolation that is asked for. */
export async function ownersOf(
  { isolation = 'auto' }: Partial<OptionValues<'isolation'>>,
  { store, surroundings }: Omit<BuilderSurroundings, 'registry'>,
): Promise<OwnersHere> {
  const { env } = surroundings;
  return await ownersHere({
    isolation,
    inContainer: isInContainer(env),
    user: userOf(),
    env: { PATH: env['PATH'] ?? '' },
    rootsDir: store.session.path,
  });
}

/**
 * Containers are often run as an id that has no name; and whoever has an account may have another group than that
 * (newgrp, sg). What root makes has root's group all the same.
 */
export function userOf(): WorkerBuilderOptions['user'] {
  const gid = process.getegid?.() ?? 0;
  const account = accountHere();
  if (account === undefined) return { uid: process.getuid?.() ?? 0, gid, name: String(process.getuid?.() ?? 0) };
  const { uid, name } = account;
  return { uid, gid: uid === 0 ? account.gid : gid, name: name || String(uid), accountGid: account.gid };
}

function accountHere() {
  try {
    const { uid, gid, username } = userInfo();
    return { uid, gid, name: username };
  } catch {
    return undefined;
  }
}
